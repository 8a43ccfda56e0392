using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Descriptors;

/// <summary>Opens files, directories, FIFOs and devices by path (open(2), openat2(2)), always close-on-exec.</summary>
internal static class FileOpening
{
    /// <summary>Opens a path. Opening a FIFO waits until its other end has been opened.</summary>
    public static FileDescriptor Open(string path, FileOpenOptions options, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var deadline = Deadline.After(timeout);
        Check(path, options);
        using SafeDescriptorHandle? root = options.Beneath is { } directory ? OpenRoot(directory) : null;
        var attempt = new OpenAttempt(path, root is null ? path : RelativeTo(options.Beneath!, path), root, options, FlagsOf(options), timeout);
        try
        {
            return new FileDescriptor(
                WaitLoop.Run<OpenAttempt, SafeDescriptorHandle>(ref attempt, handle: null, deadline, cancellationToken));
        }
        finally
        {
            attempt.Dispose();
        }
    }

    private static void Check(string path, FileOpenOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        if (path.Contains('\0'))
        {
            throw new ArgumentException(SR.PathInvalid, nameof(path));
        }

        if ((options.Access & FileAccess.ReadWrite) == 0 || (options.Access & ~FileAccess.ReadWrite) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Access, SR.OpenAccessInvalid);
        }

        if ((options.Truncate || options.Append) && (options.Access & FileAccess.Write) == 0)
        {
            throw new ArgumentException(SR.OpenWriteRequired, nameof(options));
        }

        if (options.PathOnly && (options.Create || options.CreateNew || options.Truncate || options.Append))
        {
            throw new ArgumentException(SR.PathOnlyCannotChange, nameof(options));
        }

        if ((options.Beneath is not null || options.PathOnly) && !OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException(options.PathOnly ? SR.PathOnlyNotSupported : SR.BeneathNotSupported);
        }
    }

    private static int FlagsOf(FileOpenOptions options)
    {
        Constants system = Constants.Current;
        int common = system.O_CLOEXEC |
            (options.NoFollow ? system.O_NOFOLLOW : 0) |
            (options.DirectoryOnly ? system.O_DIRECTORY : 0);
        if (options.PathOnly)
        {
            return common | system.O_PATH;
        }

        int access = options.Access switch
        {
            FileAccess.Read => Constants.O_RDONLY,
            FileAccess.Write => Constants.O_WRONLY,
            _ => Constants.O_RDWR,
        };
        return common | access | system.O_NOCTTY | system.O_NONBLOCK |
            (options.Create || options.CreateNew ? system.O_CREAT : 0) |
            (options.CreateNew ? system.O_EXCL : 0) |
            (options.Truncate ? system.O_TRUNC : 0) |
            (options.Append ? system.O_APPEND : 0);
    }

    // With O_PATH, no permission to list the directory is required.
    private static SafeDescriptorHandle OpenRoot(string directory)
    {
        int fd = Fcntl.Open(directory, Constants.Current.O_PATH | Constants.Current.O_DIRECTORY | Constants.Current.O_CLOEXEC);
        return fd >= 0 ? new SafeDescriptorHandle(fd, ownsHandle: true) : throw SystemCallException.FromLast("open", directory);
    }

    // Makes an absolute path relative to the directory if it begins with the directory's path, and returns any other path
    // unchanged. Comparing only the text is safe, because the kernel confines a relative path to the directory, and refuses an
    // absolute one.
    private static string RelativeTo(string directory, string path)
    {
        if (!path.StartsWith('/'))
        {
            return path;
        }

        string start = directory.TrimEnd('/') + "/";
        return path + "/" == start ? "."
            : path.StartsWith(start, StringComparison.Ordinal) && path[start.Length..].TrimStart('/') is { Length: > 0 } rest ? rest
            : path;
    }
}
