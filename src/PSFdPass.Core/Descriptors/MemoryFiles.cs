using System.Text;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Descriptors;

/// <summary>
/// Creates files in memory (memfd_create(2)), and returns their seals. A file in memory is deleted when its last descriptor is
/// closed. Linux only.
/// </summary>
internal static unsafe class MemoryFiles
{
    private const int F_ADD_SEALS = 1033;
    private const int F_GET_SEALS = 1034;

    /// <summary>
    /// Creates a file in memory, and opens it for reading and writing, close-on-exec. The offset is at its beginning.
    /// </summary>
    public static FileDescriptor Create(string name, ReadOnlySpan<byte> content, MemoryFileSeals seals)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException(SR.MemoryFilesNotSupported);
        }

        if (name.Contains('\0') || Encoding.UTF8.GetByteCount(name) > SysMman.MaxNameLength)
        {
            throw new ArgumentException(SR.Format(SR.MemoryFileNameInvalid, SysMman.MaxNameLength), nameof(name));
        }

        const uint Flags = SysMman.MFD_CLOEXEC | SysMman.MFD_ALLOW_SEALING;
        int fd = SysMman.MemFdCreate(name, Flags);
        if (fd < 0 && Errno.Last == Errno.EACCES)
        {
            // The system allows only files that can never be executed (vm.memfd_noexec).
            fd = SysMman.MemFdCreate(name, Flags | SysMman.MFD_NOEXEC_SEAL);
        }

        if (fd < 0)
        {
            throw SystemCallException.FromLast("memfd_create", name);
        }

        var file = new FileDescriptor(fd, ownsHandle: true);
        try
        {
            Write(fd, content);
            _ = Unistd.Seek(fd, 0, 0);
            if (seals != MemoryFileSeals.None && Fcntl.Control(fd, F_ADD_SEALS, (int)seals) < 0)
            {
                throw SystemCallException.FromLast("fcntl", $"F_ADD_SEALS {seals}");
            }

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Returns the seals of a memory file; null for any other descriptor.</summary>
    public static MemoryFileSeals? SealsOf(int fd)
    {
        int seals = OperatingSystem.IsLinux() ? Fcntl.Control(fd, F_GET_SEALS) : -1;
        return seals >= 0 ? (MemoryFileSeals)seals : null;
    }

    /// <summary>
    /// Returns the seals of a memory file, given its link in <c>/proc/…/fd</c>; null for any other link, and when it can't be
    /// opened.
    /// </summary>
    public static MemoryFileSeals? SealsOf(string link)
    {
        int fd = Fcntl.Open(link, Constants.O_RDONLY | Constants.Current.O_CLOEXEC);
        if (fd < 0)
        {
            return null;
        }

        using var file = new SafeDescriptorHandle(fd, ownsHandle: true);
        return SealsOf(fd);
    }

    private static void Write(int fd, ReadOnlySpan<byte> content)
    {
        fixed (byte* bytes = content)
        {
            for (int written = 0; written < content.Length;)
            {
                nint count = Unistd.Write(fd, bytes + written, (nuint)(content.Length - written));
                if (count < 0 && Errno.Last != Errno.EINTR)
                {
                    throw SystemCallException.FromLast("write", fd);
                }

                written += (int)Math.Max(count, 0);
            }
        }
    }
}
