using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>Opens files, directories, named pipes and devices by path: open(2), openat2(2). Always close-on-exec.</summary>
public static class FileOpener
{
    // The kernel gives EAGAIN when something was renamed under a path with "..": asking again is what the manual says.
    private const int MaxAttempts = 128;

    /// <summary>Opens a path. A named pipe waits for its other end, for as long as it takes.</summary>
    /// <param name="path">The path; a relative one is relative to the process's current directory, or to the one it stays beneath.</param>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">The options contradict each other, or the path is empty or has a NUL.</exception>
    /// <exception cref="PlatformNotSupportedException">Only Linux can stay beneath a directory.</exception>
    /// <exception cref="SystemCallException">
    /// ENOENT, EACCES, EISDIR for writing to a directory and so on. ELOOP: it is a link, which is not followed. EXDEV: the path
    /// leads out of the directory that it has to stay beneath. ENOSYS: the kernel can't see to that, and nothing was opened.
    /// </exception>
    public static FileDescriptor Open(string path, FileOpenOptions options) =>
        Open(path, options, Timeout.InfiniteTimeSpan, CancellationToken.None);

    /// <summary>Opens a path. A named pipe waits for its other end.</summary>
    /// <param name="path">The path; a relative one is relative to the process's current directory, or to the one it stays beneath.</param>
    /// <param name="options">How.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="TimeoutException">The other end was not opened in time.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    /// <inheritdoc cref="Open(string, FileOpenOptions)"/>
    public static FileDescriptor Open(string path, FileOpenOptions options, TimeSpan timeout, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(path, options);
        using FileDescriptor? root = options.Beneath is { } directory ? OpenRoot(directory) : null;
        string name = root is null ? path : RelativeTo(options.Beneath!, path);
        int flags = FlagsOf(options);
        bool canWaitForEver = timeout == Timeout.InfiniteTimeSpan && !cancellation.CanBeCanceled;
        (int fd, int errno) = canWaitForEver || !IsNamedPipe(root, name)
            ? Open(root, name, flags, options.Mode)
            : OpenNamedPipe(root, name, flags, timeout, cancellation);
        return fd >= 0
            ? new FileDescriptor(fd, ownsHandle: true)
            : throw new SystemCallException(
                root is null ? "open" : "openat2", errno, root is null ? path : $"{path} beneath {options.Beneath}");
    }

    /// <summary>Where a path leads when all links on it are followed. Nothing is read, and a named pipe or a device is not woken.</summary>
    /// <param name="path">The path; a relative one is relative to the process's current directory.</param>
    /// <returns>Null where the system does not tell; only Linux does.</returns>
    /// <exception cref="SystemCallException">ENOENT, EACCES, ELOOP: it leads nowhere.</exception>
    public static string? RealPathOf(string path)
    {
        Check(path, new FileOpenOptions());
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        (int fd, int errno) = Open(null, path, Constants.Current.O_PATH | Constants.Current.O_CLOEXEC, 0);
        using FileDescriptor place = fd >= 0 ? new FileDescriptor(fd, ownsHandle: true) : throw new SystemCallException("open", errno, path);
        return place.Target;
    }

    private static void Check(string path, FileOpenOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.Contains('\0'))
        {
            throw new ArgumentException("A path has no NUL.", nameof(path));
        }

        if ((options.Access & FileAccess.ReadWrite) == 0 || (options.Access & ~FileAccess.ReadWrite) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Access, "Read, Write or ReadWrite.");
        }

        if ((options.Truncate || options.Append) && (options.Access & FileAccess.Write) == 0)
        {
            throw new ArgumentException("To truncate a file, or to append to it, is to write: open it with Write or ReadWrite.");
        }

        if (options.Beneath is not null && !OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException(
                "Only Linux can open a path that is sure to stay beneath a directory (openat2).");
        }
    }

    private static int FlagsOf(FileOpenOptions options)
    {
        Constants system = Constants.Current;
        int access = options.Access switch
        {
            FileAccess.Read => Constants.O_RDONLY,
            FileAccess.Write => Constants.O_WRONLY,
            _ => Constants.O_RDWR,
        };
        return access | system.O_CLOEXEC | system.O_NOCTTY |
            (options.Create ? system.O_CREAT : 0) |
            (options.Truncate ? system.O_TRUNC : 0) |
            (options.Append ? system.O_APPEND : 0) |
            (options.NoFollow ? system.O_NOFOLLOW : 0) |
            (options.DirectoryOnly ? system.O_DIRECTORY : 0);
    }

    // O_PATH: to start from a directory takes no permission to list it.
    private static FileDescriptor OpenRoot(string directory)
    {
        int fd = Fcntl.Open(directory, Constants.Current.O_PATH | Constants.Current.O_DIRECTORY | Constants.Current.O_CLOEXEC);
        return fd >= 0 ? new FileDescriptor(fd, ownsHandle: true) : throw SystemCallException.FromLast("open", directory);
    }

    // An absolute path that begins with the directory means the same as what follows. This is text only, and decides nothing:
    // the kernel walks the rest, and refuses any other absolute path.
    private static string RelativeTo(string directory, string path)
    {
        string start = directory.TrimEnd('/') + "/";
        return path + "/" == start ? "."
            : path.StartsWith(start, StringComparison.Ordinal) && path[start.Length..].TrimStart('/') is { Length: > 0 } rest ? rest
            : path;
    }

    private static (int Fd, int Errno) Open(FileDescriptor? root, string path, int flags, UnixFileMode mode)
    {
        int attempts = 0;
        while (true)
        {
            int fd = root is null
                ? Fcntl.Open(path, flags, (int)mode)
                : LinuxOpenAt2.Open(
                    root.Fd,
                    path,
                    flags,
                    (flags & Constants.Current.O_CREAT) != 0 ? (int)mode : 0,
                    LinuxOpenAt2.RESOLVE_BENEATH | LinuxOpenAt2.RESOLVE_NO_MAGICLINKS);
            int errno = fd < 0 ? Errno.Last : 0;
            if (errno != Errno.EINTR && (errno != Errno.EAGAIN || root is null || ++attempts == MaxAttempts))
            {
                return (fd, errno);
            }
        }
    }

    private static bool IsNamedPipe(FileDescriptor? root, string path)
    {
        if (root is null)
        {
            return SysStat.TryGetStatusOfPath(path, out SysStat.FileStatus status) && status.Type == SysStat.S_IFIFO;
        }

        int fd = Open(root, path, Constants.Current.O_PATH | Constants.Current.O_CLOEXEC, 0).Fd;
        if (fd < 0)
        {
            // What is wrong with it, the real opening will tell.
            return false;
        }

        using var place = new FileDescriptor(fd, ownsHandle: true);
        return place.Kind == DescriptorKind.Pipe;
    }

    // No signal and no timeout ends open(2) of a named pipe: it waits on a thread of its own.
    private static (int Fd, int Errno) OpenNamedPipe(
        FileDescriptor? root, string path, int flags, TimeSpan timeout, CancellationToken cancellation)
    {
        Task<(int Fd, int Errno)> opening = Task.Factory.StartNew(
            () => Open(root, path, flags, 0), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        bool isOpen = false;
        try
        {
            isOpen = opening.Wait(timeout, cancellation);
        }
        finally
        {
            if (!isOpen)
            {
                Abandon(opening, root, path);
            }
        }

        return isOpen
            ? opening.Result
            : throw new TimeoutException($"Nobody has opened the other end of {path} within {timeout.TotalSeconds} seconds.");
    }

    // The thread goes on when somebody opens the other end, so that is what we do, for a moment.
    private static void Abandon(Task<(int Fd, int Errno)> opening, FileDescriptor? root, string path)
    {
        int bothEnds = Open(root, path, Constants.O_RDWR | Constants.Current.O_NONBLOCK | Constants.Current.O_CLOEXEC, 0).Fd;
        if (bothEnds < 0)
        {
            // We may not: then it goes on whenever somebody else does.
            _ = opening.ContinueWith(static late => CloseIfOpen(late.Result.Fd), TaskScheduler.Default);
            return;
        }

        CloseIfOpen(opening.GetAwaiter().GetResult().Fd);
        _ = Closing.Close(bothEnds);
    }

    private static void CloseIfOpen(int fd)
    {
        if (fd >= 0)
        {
            _ = Closing.Close(fd);
        }
    }
}
