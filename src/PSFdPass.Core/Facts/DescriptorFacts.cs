using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>Queries the kernel for the kind, access, flags and target of a descriptor of this process.</summary>
internal static unsafe class DescriptorFacts
{
    /// <summary>Returns the kind of a descriptor (fstat(2)); <see cref="DescriptorKind.None"/> when it is not open.</summary>
    public static DescriptorKind KindOf(int fd) =>
        SysStat.TryGetStatus(fd, out SysStat.FileStatus status)
            ? KindFrom(status.Type, status.Type is SysStat.S_IFREG or 0 ? LinkOf(fd) : "")
            : DescriptorKind.None;

    /// <summary>Returns the kind for the type bits of fstat(2) and the text of the link in <c>/proc/…/fd</c>.</summary>
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

    /// <summary>Returns the access mode of a descriptor (F_GETFL); <see cref="DescriptorAccess.None"/> when it is not open.</summary>
    public static DescriptorAccess AccessOf(int fd) =>
        Fcntl.Control(fd, Constants.F_GETFL) is >= 0 and var flags ? AccessFrom(flags) : DescriptorAccess.None;

    /// <summary>Converts flags of open(2) to an access mode.</summary>
    public static DescriptorAccess AccessFrom(int flags) =>
        (flags & Constants.Current.O_PATH) != 0
            ? DescriptorAccess.None
            : (flags & Constants.O_ACCMODE) switch
            {
                Constants.O_RDONLY => DescriptorAccess.Read,
                Constants.O_WRONLY => DescriptorAccess.Write,
                _ => DescriptorAccess.ReadWrite,
            };

    /// <summary>
    /// Returns the flags of a descriptor (F_GETFD) and of its open file description (F_GETFL); <see cref="DescriptorFlags.None"/> when it
    /// is not open.
    /// </summary>
    public static DescriptorFlags FlagsOf(int fd)
    {
        int own = Fcntl.Control(fd, Constants.F_GETFD);
        int shared = Fcntl.Control(fd, Constants.F_GETFL);
        return own < 0 || shared < 0
            ? DescriptorFlags.None
            : FlagsFrom(shared) | ((own & Constants.FD_CLOEXEC) != 0 ? DescriptorFlags.CloseOnExec : 0);
    }

    /// <summary>Converts flags of open(2) to the flags of an open file description.</summary>
    public static DescriptorFlags FlagsFrom(int flags) =>
        ((flags & Constants.Current.O_NONBLOCK) != 0 ? DescriptorFlags.NonBlocking : 0) |
        ((flags & Constants.Current.O_APPEND) != 0 ? DescriptorFlags.Append : 0) |
        ((flags & Constants.Current.O_PATH) != 0 ? DescriptorFlags.PathOnly : 0);

    /// <summary>
    /// Returns the path, the addresses of a socket, or the kernel's name for the file of a descriptor; empty when the file has no
    /// name, or the descriptor is not open.
    /// </summary>
    /// <remarks>
    /// A descriptor that was opened with O_PATH on a socket's file is not a socket. Its target is the path of that file.
    /// </remarks>
    public static string TargetOf(int fd, DescriptorKind kind) =>
        kind == DescriptorKind.Socket && SocketDescription.Of(fd) is { } socket ? socket.ToString() : LinkOf(fd);

    /// <summary>
    /// Returns the path of a descriptor's file, or the kernel's name for it, such as <c>socket:[4711]</c>; empty where neither is
    /// available.
    /// </summary>
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
