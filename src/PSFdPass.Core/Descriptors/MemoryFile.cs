using System.Text;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>Files that live in memory only, and go with their last descriptor: memfd_create(2). On Linux only.</summary>
public static unsafe class MemoryFile
{
    private const int F_ADD_SEALS = 1033;
    private const int F_GET_SEALS = 1034;

    /// <summary>Makes one, close-on-exec, open for reading and writing at its beginning.</summary>
    /// <param name="name">What it is called in <c>/proc</c>; several may have the same name.</param>
    /// <param name="content">What it holds.</param>
    /// <param name="seals">What may not be done to it any more, by anybody.</param>
    /// <exception cref="ArgumentException">The name has a NUL or more than 249 bytes.</exception>
    /// <exception cref="SystemCallException">EMFILE: there is no descriptor left. EINVAL: a seal that this kernel does not have.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public static FileDescriptor Create(string name, ReadOnlySpan<byte> content = default, MemoryFileSeals seals = MemoryFileSeals.None)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Only Linux has files that live in memory only (memfd_create).");
        }

        if (name.Contains('\0') || Encoding.UTF8.GetByteCount(name) > SysMman.MaxNameLength)
        {
            throw new ArgumentException($"The name of a memory file has at most {SysMman.MaxNameLength} bytes, and no NUL.");
        }

        const uint Flags = SysMman.MFD_CLOEXEC | SysMman.MFD_ALLOW_SEALING;
        int fd = SysMman.MemFdCreate(name, Flags);
        if (fd < 0 && Errno.Last == Errno.EACCES)
        {
            // The system is set to make none that could be executed.
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

    /// <summary>The seals of a file in memory; null for any other descriptor.</summary>
    /// <exception cref="ObjectDisposedException">The descriptor is closed or was handed over.</exception>
    public static MemoryFileSeals? SealsOf(FileDescriptor file)
    {
        ArgumentNullException.ThrowIfNull(file);
        using var lease = new HandleLease(file.SafeHandle);
        return SealsOf(lease.Fd);
    }

    /// <summary>The seals of a file in memory, by a descriptor of this process.</summary>
    internal static MemoryFileSeals? SealsOf(int fd)
    {
        int seals = OperatingSystem.IsLinux() ? Fcntl.Control(fd, F_GET_SEALS) : -1;
        return seals >= 0 ? (MemoryFileSeals)seals : null;
    }

    /// <summary>The seals of a file in memory, by its link in <c>/proc/…/fd</c>; null when it may not be opened.</summary>
    internal static MemoryFileSeals? SealsOf(string link)
    {
        int fd = Fcntl.Open(link, Constants.O_RDONLY | Constants.Current.O_CLOEXEC);
        if (fd < 0)
        {
            return null;
        }

        MemoryFileSeals? seals = SealsOf(fd);
        _ = Closing.Close(fd);
        return seals;
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
                    throw SystemCallException.FromLast("write", "memory file");
                }

                written += (int)Math.Max(count, 0);
            }
        }
    }
}
