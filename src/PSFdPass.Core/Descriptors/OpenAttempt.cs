using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Descriptors;

/// <summary>
/// Opens a path without blocking. Each attempt resolves the path again, so that a FIFO may be replaced during the wait.
/// </summary>
/// <remarks>
/// open(2) of a FIFO waits for the other end, and neither a signal nor another thread can end that wait cleanly. Therefore each
/// attempt uses O_NONBLOCK, which is cleared before the descriptor is returned. Opening a FIFO for writing fails with ENXIO until
/// there is a reader. Opening it for reading succeeds at once; the descriptor is kept open, so that a writer can open the other
/// end, until <see cref="PipeWriters"/> detects one.
/// </remarks>
internal struct OpenAttempt : IAttempt<SafeDescriptorHandle>, IDisposable
{
    private readonly string _shownPath;
    private readonly string _path;
    private readonly SafeDescriptorHandle? _root;
    private readonly FileOpenOptions _options;
    private readonly int _flags;
    private readonly TimeSpan _timeout;
    private SafeDescriptorHandle? _reader;
    private PipeWriters? _writers;

    /// <summary>Prepares to open a path.</summary>
    /// <param name="shownPath">The path as error messages show it.</param>
    /// <param name="path">The path to open.</param>
    /// <param name="root">The directory that the path must not leave, or null.</param>
    /// <param name="options">The access mode, and the permissions of a new file.</param>
    /// <param name="flags">The flags of open(2), with O_NONBLOCK.</param>
    /// <param name="timeout">The timeout that the error message reports.</param>
    public OpenAttempt(
        string shownPath, string path, SafeDescriptorHandle? root, FileOpenOptions options, int flags, TimeSpan timeout)
    {
        _shownPath = shownPath;
        _path = path;
        _root = root;
        _options = options;
        _flags = flags;
        _timeout = timeout;
    }

    /// <inheritdoc/>
    public readonly short Events => 0;

    /// <inheritdoc/>
    public Outcome Try(out SafeDescriptorHandle result)
    {
        result = null!;
        int fd = Open(_flags);
        if (fd < 0)
        {
            return OutcomeOf(Errno.Last);
        }

        SafeDescriptorHandle? opened = new SafeDescriptorHandle(fd, ownsHandle: true);
        try
        {
            if ((_flags & Constants.Current.O_NONBLOCK) != 0)
            {
                if (_options.Access == FileAccess.Read && IsFifo(fd, out SysStat.FileStatus status) && !HasWriter(ref opened, status))
                {
                    return Outcome.Unavailable;
                }

                ClearNonBlocking((int)opened!.DangerousGetHandle());
            }

            result = opened;
            opened = null;
            return Outcome.Done;
        }
        finally
        {
            opened?.Dispose();
        }
    }

    /// <inheritdoc/>
    public readonly Exception CreateTimeoutException() => new TimeoutException(
        SR.Format(SR.OpenTimedOut, _shownPath, _timeout.TotalSeconds));

    /// <inheritdoc/>
    public readonly Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);

    /// <summary>Closes the descriptors that the attempts have left open.</summary>
    public void Dispose()
    {
        _reader?.Dispose();
        _writers?.Dispose();
        _reader = null;
        _writers = null;
    }

    private static bool IsFifo(int fd, out SysStat.FileStatus status) =>
        SysStat.TryGetStatus(fd, out status) && status.Type == SysStat.S_IFIFO;

    private static void ClearNonBlocking(int fd)
    {
        int flags = Fcntl.Control(fd, Constants.F_GETFL);
        if (flags < 0 || Fcntl.Control(fd, Constants.F_SETFL, flags & ~Constants.Current.O_NONBLOCK) < 0)
        {
            throw SystemCallException.FromLast("fcntl", fd);
        }
    }

    private readonly int Open(int flags) => _root is null
        ? Fcntl.Open(_path, flags, (int)_options.Mode)
        : LinuxOpenAt2.Open(
            (int)_root.DangerousGetHandle(),
            _path,
            flags,
            (flags & Constants.Current.O_CREAT) != 0 ? (int)_options.Mode : 0,
            LinuxOpenAt2.RESOLVE_BENEATH | LinuxOpenAt2.RESOLVE_NO_MAGICLINKS);

    private readonly Outcome OutcomeOf(int errno)
    {
        // EAGAIN: another process has a lease on the file, or a directory was renamed while openat2(2) resolved a path with "..".
        return errno == Errno.EINTR ? Outcome.Again
            : errno == Errno.EAGAIN || (errno == Errno.ENXIO && IsPathOfFifo()) ? Outcome.Unavailable
            : throw new SystemCallException(
                _root is null ? "open" : "openat2", errno, _root is null ? _shownPath : SR.Format(SR.SubjectPathBeneath, _shownPath, _options.Beneath));
    }

    // ENXIO is also the error for a socket, and for a device that does not exist.
    private readonly bool IsPathOfFifo()
    {
        if (_root is null)
        {
            return SysStat.TryGetStatusOfPath(_path, out SysStat.FileStatus status) && status.Type == SysStat.S_IFIFO;
        }

        int fd = Open(Constants.Current.O_PATH | Constants.Current.O_CLOEXEC);
        if (fd < 0)
        {
            return false;
        }

        using var place = new SafeDescriptorHandle(fd, ownsHandle: true);
        return IsFifo(fd, out _);
    }

    // The read end that the first attempt opened is kept, because only a read end that was open at the time can show that a writer
    // has opened and closed the FIFO.
    private bool HasWriter(ref SafeDescriptorHandle? opened, SysStat.FileStatus status)
    {
        if (_reader is not null &&
            SysStat.TryGetStatus((int)_reader.DangerousGetHandle(), out SysStat.FileStatus first) &&
            (first.Inode, first.Device) == (status.Inode, status.Device))
        {
            opened?.Dispose();
        }
        else
        {
            _reader?.Dispose();
            _reader = opened;
        }

        opened = null;
        _writers ??= new PipeWriters();
        if (!_writers.HaveOpened((int)_reader!.DangerousGetHandle()))
        {
            return false;
        }

        opened = _reader;
        _reader = null;
        return true;
    }
}
