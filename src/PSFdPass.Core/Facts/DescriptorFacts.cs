using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>What the kernel says of a descriptor of this process, fact by fact, each asked for when it is looked at.</summary>
internal static unsafe class DescriptorInspection
{
    /// <summary>What it refers to.</summary>
    /// <exception cref="SystemCallException">EBADF: it is not open.</exception>
    public static DescriptorKind KindOf(int fd)
    {
        if (!SysStat.TryGetStatus(fd, out SysStat.FileStatus status))
        {
            throw SystemCallException.FromLast("fstat", $"descriptor {fd}");
        }

        return KindFrom(status.Type, status.Type is SysStat.S_IFREG or 0 ? LinkOf(fd) : "");
    }

    /// <summary>The kind that type bits and the name of a link in <c>/proc/…/fd</c> tell together.</summary>
    public static DescriptorKind KindFrom(int type, string link) => type switch
    {
        SysStat.S_IFDIR => DescriptorKind.Directory,
        SysStat.S_IFSOCK => DescriptorKind.Socket,
        SysStat.S_IFIFO => DescriptorKind.Pipe,
        SysStat.S_IFCHR => DescriptorKind.CharacterDevice,
        SysStat.S_IFBLK => DescriptorKind.BlockDevice,
        SysStat.S_IFLNK => DescriptorKind.SymbolicLink,
        _ => KindFromLink(link) ?? (type == SysStat.S_IFREG ? DescriptorKind.File : DescriptorKind.Other),
    };

    /// <summary>Whether it may be read and written.</summary>
    public static DescriptorAccess AccessOf(int fd) => AccessFrom(StatusFlags(fd));

    /// <summary>The access mode in flags of open(2).</summary>
    public static DescriptorAccess AccessFrom(int flags) =>
        (flags & Constants.Current.O_PATH) != 0
            ? DescriptorAccess.None
            : (flags & Constants.O_ACCMODE) switch
            {
                Constants.O_RDONLY => DescriptorAccess.Read,
                Constants.O_WRONLY => DescriptorAccess.Write,
                _ => DescriptorAccess.ReadWrite,
            };

    /// <summary>Its flags and those of its description.</summary>
    public static DescriptorFlags FlagsOf(int fd)
    {
        int own = Fcntl.Control(fd, Constants.F_GETFD);
        return FlagsFrom(StatusFlags(fd)) | ((own & Constants.FD_CLOEXEC) != 0 ? DescriptorFlags.CloseOnExec : 0);
    }

    /// <summary>The flags of a description in flags of open(2).</summary>
    public static DescriptorFlags FlagsFrom(int flags) =>
        ((flags & Constants.Current.O_NONBLOCK) != 0 ? DescriptorFlags.NonBlocking : 0) |
        ((flags & Constants.Current.O_APPEND) != 0 ? DescriptorFlags.Append : 0) |
        ((flags & Constants.Current.O_PATH) != 0 ? DescriptorFlags.PathOnly : 0);

    /// <summary>The path, the ends of a socket, or what else the kernel calls it; empty when it has no name.</summary>
    public static string TargetOf(int fd, DescriptorKind kind) =>
        kind == DescriptorKind.Socket ? SocketFacts.Describe(fd) : LinkOf(fd);

    /// <summary>The path, or what else the kernel calls it: <c>socket:[4711]</c>; empty where it can't be told.</summary>
    public static string LinkOf(int fd)
    {
        if (OperatingSystem.IsLinux())
        {
            return Unistd.ReadLink($"/proc/self/fd/{fd}") ?? "";
        }

        // F_GETPATH of macOS.
        byte* path = stackalloc byte[1024];
        return OperatingSystem.IsMacOS() && Fcntl.GetPath(fd, path) == 0 ? Marshal.PtrToStringUTF8((nint)path)! : "";
    }

    private static int StatusFlags(int fd)
    {
        int flags = Fcntl.Control(fd, Constants.F_GETFL);
        return flags >= 0 ? flags : throw SystemCallException.FromLast("fcntl", $"descriptor {fd}");
    }

    private static DescriptorKind? KindFromLink(string link) => link switch
    {
        "anon_inode:[eventfd]" => DescriptorKind.Event,
        "anon_inode:[timerfd]" => DescriptorKind.Timer,
        "anon_inode:[signalfd]" => DescriptorKind.Signal,
        "anon_inode:[eventpoll]" => DescriptorKind.Epoll,
        "anon_inode:[pidfd]" => DescriptorKind.ProcessDescriptor,
        "anon_inode:[io_uring]" => DescriptorKind.IoUring,
        "anon_inode:inotify" => DescriptorKind.Inotify,
        _ when link.StartsWith("/memfd:", StringComparison.Ordinal) => DescriptorKind.MemoryFile,
        _ when link.StartsWith("pidfd:[", StringComparison.Ordinal) => DescriptorKind.ProcessDescriptor,
        _ when !link.StartsWith('/') && link.Contains(":[", StringComparison.Ordinal) && !link.StartsWith("anon_inode:", StringComparison.Ordinal)
            => DescriptorKind.Namespace,
        _ => null,
    };
}
