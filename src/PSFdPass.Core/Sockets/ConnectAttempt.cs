using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Sockets;

/// <summary>
/// Calls connect(2) without blocking. On Linux, poll(2) can't wait for space in a full backlog, so the call is repeated after a
/// pause.
/// </summary>
/// <remarks>
/// The call is made here because Socket.Connect loses the error number: it reports ENOENT as EADDRNOTAVAIL.
/// </remarks>
internal struct ConnectAttempt(
    UnixSocketAddress address, SocketType type, bool waitForListener, IReadOnlySet<uint>? requiredUsers) : IAttempt<SafeDescriptorHandle>
{
    private SystemCallException? _reason;

    /// <inheritdoc/>
    public readonly short Events => 0;

    /// <inheritdoc/>
    public unsafe Outcome Try(out SafeDescriptorHandle result)
    {
        byte* name = stackalloc byte[SysUn.MaxSize];
        var buffer = new Span<byte>(name, SysUn.MaxSize);
        uint length = address.Write(buffer, "connect");

        // No other process has the socket yet, so O_NONBLOCK can be set just for this call.
        result = NewSocket.Create(type, nonBlocking: true);
        bool isConnected = false;
        try
        {
            int fd = (int)result.DangerousGetHandle();
            if (type == SocketType.Dgram && Constants.Current.HasAbstractNames)
            {
                Autobind(fd);
            }

            if (SysSocket.Connect(fd, name, length) < 0)
            {
                return FromError(Errno.Last);
            }

            ThrowIfNotRequired(result);
            NewSocket.SetNonBlocking(fd, false);
            isConnected = true;
            return Outcome.Done;
        }
        finally
        {
            if (!isConnected)
            {
                result.Dispose();
            }
        }
    }

    /// <inheritdoc/>
    public readonly Exception CreateTimeoutException() =>
        new TimeoutException(SR.Format(SR.ConnectTimedOut, ShownText.Of(address.ToString())), _reason);

    /// <inheritdoc/>
    public readonly Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);

    private Outcome FromError(int errno)
    {
        if (errno == Errno.EINTR)
        {
            return Outcome.Again;
        }

        if (errno == Errno.ECONNREFUSED && address.AbsolutePath is { } path &&
            SysStat.TryGetStatusOfLink(path, out SysStat.FileStatus status) && status.Type is not (SysStat.S_IFSOCK or SysStat.S_IFLNK))
        {
            // Linux also reports ECONNREFUSED for files of other kinds, but no process will ever listen on those.
            throw new SystemCallException("connect", Errno.ENOTSOCK, address.ToString(), SR.FileNotSocket);
        }

        _reason = new SystemCallException("connect", errno, address.ToString());
        bool isAbsent = errno == Errno.ENOENT || errno == Errno.ECONNREFUSED;
        return errno == Errno.EAGAIN || (waitForListener && isAbsent) ? Outcome.Unavailable : throw _reason;
    }

    // Binds the socket to an abstract name that the kernel chooses (unix(7), autobind). Without a name, the socket could not
    // receive an answer.
    private static unsafe void Autobind(int fd)
    {
        byte* family = stackalloc byte[sizeof(ushort)];
        *(ushort*)family = Constants.AF_UNIX;
        if (SysSocket.Bind(fd, family, sizeof(ushort)) < 0)
        {
            throw SystemCallException.FromLast("bind", "autobind");
        }
    }

    private readonly void ThrowIfNotRequired(SafeDescriptorHandle socket)
    {
        if (requiredUsers is null)
        {
            return;
        }

        uint user = UnixSocketPeer.Of(socket).UserId;
        if (!requiredUsers.Contains(user))
        {
            throw new UnauthorizedAccessException(
                SR.Format(SR.PeerUserNotRequired, ShownText.Of(address.ToString()), UserNames.Describe(user)));
        }
    }
}
