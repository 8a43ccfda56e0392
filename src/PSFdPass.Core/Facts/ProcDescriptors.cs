using System.Buffers.Text;
using System.Text;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>
/// Reads the entries of <c>/proc/…/fd</c> and <c>/proc/…/fdinfo</c> for one process. The two directories are opened once, because
/// resolving their paths takes longer than reading an entry. Linux only.
/// </summary>
internal sealed unsafe class ProcDescriptors : IDisposable
{
    private const int LinkSize = 4096;
    private const int MaxNameLength = 64;

    // The position and the flags are in the first lines of every file in fdinfo.
    private const int InformationSize = 512;

    private readonly SafeDescriptorHandle? _links;
    private readonly SafeDescriptorHandle? _information;

    /// <summary>
    /// Opens the two directories. If one can't be opened, full paths are used, and reading an entry reports the error.
    /// </summary>
    /// <param name="process">The process ID.</param>
    public ProcDescriptors(int process)
    {
        ProcessId = process;
        _links = TryOpen($"/proc/{process}/fd");
        _information = TryOpen($"/proc/{process}/fdinfo");
    }

    /// <summary>Gets the process ID.</summary>
    public int ProcessId { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _links?.Dispose();
        _information?.Dispose();
    }

    /// <summary>
    /// Returns the path of a descriptor's file, or the kernel's name for it, such as <c>socket:[4711]</c>. When the result is null,
    /// the error is in <see cref="Errno.Last"/>.
    /// </summary>
    public string? ReadLink(int fd)
    {
        byte* name = stackalloc byte[MaxNameLength];
        byte* link = stackalloc byte[LinkSize];
        nint length = Unistd.ReadLinkAt(Find(_links, "fd"u8, fd, name), name, link, LinkSize);
        return length < 0 ? null : Encoding.UTF8.GetString(link, (int)length);
    }

    /// <summary>
    /// Reads the position and the flags of a descriptor; returns false when they can't be read, for example because it is not open.
    /// </summary>
    public bool TryReadInformation(int fd, out ProcFdInfo information)
    {
        information = default;
        byte* name = stackalloc byte[MaxNameLength];
        int file = Fcntl.OpenAt(Find(_information, "fdinfo"u8, fd, name), name, Constants.O_RDONLY | Constants.Current.O_CLOEXEC);
        if (file < 0)
        {
            return false;
        }

        byte* bytes = stackalloc byte[InformationSize];
        nint length = Unistd.Read(file, bytes, InformationSize);
        _ = Closing.Close(file);
        if (length <= 0)
        {
            return false;
        }

        char* text = stackalloc char[InformationSize];
        int count = Encoding.Latin1.GetChars(new ReadOnlySpan<byte>(bytes, (int)length), new Span<char>(text, InformationSize));
        information = ProcFdInfo.Parse(new ReadOnlySpan<char>(text, count));
        return true;
    }

    private static SafeDescriptorHandle? TryOpen(string path)
    {
        int fd = Fcntl.Open(path, Constants.O_RDONLY | Constants.Current.O_DIRECTORY | Constants.Current.O_CLOEXEC);
        return fd < 0 ? null : new SafeDescriptorHandle(fd, ownsHandle: true);
    }

    // Writes the path of an entry to the buffer, and returns the descriptor of the directory that the path is relative to. The
    // directories stay open until this object is disposed.
    private int Find(SafeDescriptorHandle? directory, ReadOnlySpan<byte> folder, int fd, byte* name)
    {
        var text = new Span<byte>(name, MaxNameLength);
        int length = 0;
        if (directory is null)
        {
            "/proc/"u8.CopyTo(text);
            length = "/proc/"u8.Length;
            _ = Utf8Formatter.TryFormat(ProcessId, text[length..], out int digits);
            length += digits;
            text[length++] = (byte)'/';
            folder.CopyTo(text[length..]);
            length += folder.Length;
            text[length++] = (byte)'/';
        }

        _ = Utf8Formatter.TryFormat(fd, text[length..], out int written);
        text[length + written] = 0;
        return directory is null ? Fcntl.AT_FDCWD : (int)directory.DangerousGetHandle();
    }
}
