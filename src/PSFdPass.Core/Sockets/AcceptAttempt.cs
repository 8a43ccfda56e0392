using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Sockets;

/// <summary>Calls accept(2) without blocking. Sets O_NONBLOCK on the listener if it is not set.</summary>
/// <remarks>
/// After poll(2) has reported a connection, another thread or process may accept it. On a blocking listener, accept(2) would then
/// wait for the next connection. O_NONBLOCK is therefore necessary. It applies to every process that has the listener open.
/// </remarks>
internal readonly struct AcceptAttempt(SafeHandle listener) : IAttempt<SafeDescriptorHandle>
{
    /// <inheritdoc/>
    public short Events => Poll.POLLIN;

    /// <inheritdoc/>
    /// <exception cref="SystemCallException">
    /// Thrown when the socket is not listening (EINVAL), is a datagram socket (EOPNOTSUPP), or accept(2) fails: EMFILE and so on.
    /// </exception>
    public unsafe Outcome Try(out SafeDescriptorHandle result)
    {
        using var lease = new HandleLease(listener);
        EnsureNonBlocking(lease.Fd);
        int fd = Constants.Current.SOCK_CLOEXEC != 0
            ? SysSocket.Accept4(lease.Fd, null, null, Constants.Current.SOCK_CLOEXEC)
            : SysSocket.Accept(lease.Fd, null, null);
        result = null!;
        if (fd < 0)
        {
            int errno = Errno.Last;
            return errno == Errno.EAGAIN ? Outcome.NotReady
                : errno == Errno.EINTR || errno == Errno.ECONNABORTED ? Outcome.Again
                : throw new SystemCallException("accept", errno, lease.Fd);
        }

        result = NewSocket.Own(fd);
        if (!OperatingSystem.IsLinux())
        {
            // On macOS, a connection inherits O_NONBLOCK from its listener.
            NewSocket.SetNonBlocking(fd, false);
        }

        return Outcome.Done;
    }

    /// <inheritdoc/>
    public Exception CreateTimeoutException() => new TimeoutException(SR.AcceptTimedOut);

    /// <inheritdoc/>
    public Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);

    // Sets O_NONBLOCK only on a listener. On a connection, the flag would affect the other processes that have the connection open.
    private static void EnsureNonBlocking(int fd)
    {
        if (NewSocket.IsNonBlocking(fd))
        {
            return;
        }

        if (!SocketFacts.IsListening(fd))
        {
            int errno = SocketFacts.TypeOf(fd) == Constants.SOCK_DGRAM ? Errno.EOPNOTSUPP : Errno.EINVAL;
            throw new SystemCallException("accept", errno, fd);
        }

        NewSocket.SetNonBlocking(fd, true);
    }
}
