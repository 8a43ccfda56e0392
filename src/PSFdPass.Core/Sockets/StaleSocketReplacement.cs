using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Sockets;

/// <summary>
/// Removes a stale socket file, and binds a new socket to its path. A socket file is stale if no process still has a socket bound
/// to it. Processes that do this at the same time are serialized by flock(2) on the directory, which is called without blocking.
/// </summary>
/// <remarks>
/// A socket that is bound but does not listen yet refuses connections, and so does a stale socket file. unix_diag distinguishes the
/// two, for sockets in this network namespace.
/// </remarks>
internal readonly struct StaleSocketReplacement : IAttempt<bool>, IDisposable
{
    private readonly UnixSocketAddress _address;
    private readonly string _path;
    private readonly SocketType _type;
    private readonly Func<int> _bind;
    private readonly SafeDescriptorHandle _directory;

    /// <summary>Opens the directory of the socket file.</summary>
    /// <param name="address">The address, which must be a path.</param>
    /// <param name="type">The type of the new socket.</param>
    /// <param name="bind">A function that binds the new socket and returns 0 or the error number.</param>
    /// <exception cref="SystemCallException">Thrown when the directory can't be opened (EADDRINUSE).</exception>
    public StaleSocketReplacement(UnixSocketAddress address, SocketType type, Func<int> bind)
    {
        _address = address;
        _path = address.AbsolutePath!;
        _type = type;
        _bind = bind;
        int fd = Fcntl.Open(
            Path.GetDirectoryName(_path) ?? "/", Constants.O_RDONLY | Constants.Current.O_DIRECTORY | Constants.Current.O_CLOEXEC);
        if (fd < 0)
        {
            string error = ErrnoNames.NameOf(Errno.Last);
            throw Refuse(SR.Format(SR.NotReplacedDirectoryNotOpened, error));
        }

        _directory = new SafeDescriptorHandle(fd, ownsHandle: true);
    }

    /// <inheritdoc/>
    public short Events => 0;

    /// <inheritdoc/>
    /// <exception cref="SystemCallException">
    /// Thrown when the existing socket is or may be in use (EADDRINUSE). The message contains the reason.
    /// </exception>
    public Outcome Try(out bool result)
    {
        int fd = (int)_directory.DangerousGetHandle();
        result = true;
        if (SysFile.FLock(fd, SysFile.LOCK_EX | SysFile.LOCK_NB) < 0)
        {
            int errno = Errno.Last;
            return errno == Errno.EAGAIN ? Outcome.Unavailable
                : errno == Errno.EINTR ? Outcome.Again
                : throw Refuse(SR.Format(SR.NotReplacedDirectoryNotLocked, ErrnoNames.NameOf(errno)));
        }

        try
        {
            Replace(fd);
            return Outcome.Done;
        }
        finally
        {
            // Closing the descriptor would not release the lock while a child that is being started has a duplicate of it.
            _ = SysFile.FLock(fd, SysFile.LOCK_UN);
        }
    }

    /// <inheritdoc/>
    public Exception CreateTimeoutException() => Refuse(SR.NotReplacedDirectoryInUse);

    /// <inheritdoc/>
    public Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);

    /// <summary>Closes the directory.</summary>
    public void Dispose() => _directory.Dispose();

    private void Replace(int directory)
    {
        if (SocketFile.Find(_path) is { } file)
        {
            ThrowIfBound(file, directory);
            ThrowIfAnswering();
            file.Remove();
        }
        else if (SysStat.TryGetStatusOfLink(_path, out _))
        {
            throw Refuse(SR.NotReplacedNotSocket);
        }

        int errno = _bind();
        if (errno != 0)
        {
            throw new SystemCallException("bind", errno, _address.ToString());
        }
    }

    // A dump of the kernel's list can miss a socket if another socket is closed at the same time. A socket that two dumps do not
    // contain does not exist.
    private void ThrowIfBound(SocketFile file, int directory)
    {
        (uint, uint)? device = SocketFile.MountedDevice(directory);
        for (int dump = 0; dump < 2; dump++)
        {
            if (UnixSocketList.Read() is not { } rows)
            {
                ThrowIfAnswering();
                throw Refuse(SR.NotReplacedUnknown);
            }

            foreach (LinuxUnixDiag.Row row in rows)
            {
                if (file.IsFileOf(row.File, device))
                {
                    throw Refuse(row.State == LinuxUnixDiag.TCP_LISTEN ? SR.NotReplacedListening : SR.NotReplacedBound);
                }
            }
        }
    }

    // A socket in another network namespace is not in the kernel's list, but it can accept connections.
    private void ThrowIfAnswering()
    {
        try
        {
            var attempt = new ConnectAttempt(_address, _type, waitForListener: false, requiredUsers: null);
            if (attempt.Try(out SafeDescriptorHandle connection) == Outcome.Done)
            {
                connection.Dispose();
            }
        }
        catch (SystemCallException exception) when (exception.Errno == Errno.ECONNREFUSED || exception.Errno == Errno.ENOENT)
        {
            return;
        }
        catch (SystemCallException exception) when (exception.Call == "connect")
        {
            throw Refuse(SR.Format(SR.NotReplacedConnectFailed, exception.ErrnoName));
        }

        throw Refuse(SR.NotReplacedListening);
    }

    private SystemCallException Refuse(string reason) => new("bind", Errno.EADDRINUSE, _address.ToString(), reason);
}
