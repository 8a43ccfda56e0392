using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Descriptors;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>Connects to Unix-domain sockets and accepts connections on them: connect(2), accept(2).</summary>
public static class UnixSocketConnection
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Connects to a socket. On Linux a datagram socket gets an abstract name of its own, so that it can be answered.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="type">Stream, Seqpacket or Dgram; the same as the other side's.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="waitForListener">True to wait until the socket is there and answers; otherwise its absence is an error.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The connected socket, which is the caller's to dispose.</returns>
    /// <exception cref="SystemCallException">
    /// ENOENT, ECONNREFUSED, EACCES, ENOTSOCK (the path is a file of another kind), EPROTOTYPE (another type of socket) and so on.
    /// </exception>
    /// <exception cref="TimeoutException">The other side did not answer in time.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Socket Connect(
        UnixSocketAddress address,
        SocketType type,
        TimeSpan timeout,
        bool waitForListener = false,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        Deadline deadline = Deadline.After(timeout);
        for (TimeSpan pause = FirstPause; ; pause = Longer(pause))
        {
            cancellation.ThrowIfCancellationRequested();
            if (TryConnect(address, type, waitForListener, out SystemCallException? reason) is { } socket)
            {
                return socket;
            }

            ThrowIfPassed(deadline, address, reason);
            cancellation.WaitHandle.WaitOne(pause);
        }
    }

    /// <summary>Connects to a socket without keeping a thread while it waits.</summary>
    /// <inheritdoc cref="Connect"/>
    public static async Task<Socket> ConnectAsync(
        UnixSocketAddress address,
        SocketType type,
        TimeSpan timeout,
        bool waitForListener = false,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        Deadline deadline = Deadline.After(timeout);
        for (TimeSpan pause = FirstPause; ; pause = Longer(pause))
        {
            cancellation.ThrowIfCancellationRequested();
            if (TryConnect(address, type, waitForListener, out SystemCallException? reason) is { } socket)
            {
                return socket;
            }

            ThrowIfPassed(deadline, address, reason);
            await Task.Delay(pause, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Accepts one connection. The listener stays blocking or not, as it was.</summary>
    /// <param name="listener">A listening socket, of any family.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="cancellation">Ends the wait. A connection is never lost to it.</param>
    /// <returns>The accepted socket, which is the caller's to dispose.</returns>
    /// <remarks>
    /// Where another process accepts on the same blocking listener and takes the connection that ended the wait, this waits for
    /// the next one, and can't be cancelled until it comes.
    /// </remarks>
    /// <exception cref="TimeoutException">Nobody connected in time.</exception>
    /// <exception cref="SystemCallException">
    /// accept(2) failed: EINVAL when the socket does not listen, EOPNOTSUPP for a datagram socket, EMFILE and so on.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The listener is closed.</exception>
    public static Socket Accept(SafeHandle listener, TimeSpan timeout, CancellationToken cancellation = default) =>
        Accept(listener, Deadline.After(timeout), cancellation);

    /// <inheritdoc cref="Accept(SafeHandle, TimeSpan, CancellationToken)"/>
    public static Socket Accept(Socket listener, TimeSpan timeout, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(listener);
        return Accept(listener.SafeHandle, timeout, cancellation);
    }

    /// <summary>Accepts one connection from a user who is allowed to make it; all others are closed at once.</summary>
    /// <param name="listener">A listening Unix-domain socket.</param>
    /// <param name="users">The user ids that may connect.</param>
    /// <param name="refused">Hears of each connection that was closed, before the next one is accepted.</param>
    /// <param name="timeout">How long to wait for one that is allowed; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="NotUnixSocketException">It is a socket of another family, whose peers are unknown.</exception>
    /// <inheritdoc cref="Accept(SafeHandle, TimeSpan, CancellationToken)"/>
    public static Socket AcceptFrom(
        SafeHandle listener,
        IReadOnlySet<uint> users,
        Action<UnixSocketPeer> refused,
        TimeSpan timeout,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(users);
        ArgumentNullException.ThrowIfNull(refused);
        _ = UnixSocketType.Of(listener);
        Deadline deadline = Deadline.After(timeout);
        while (true)
        {
            Socket? connection = Accept(listener, deadline, cancellation);
            try
            {
                UnixSocketPeer peer = UnixSocketPeer.Of(connection.SafeHandle);
                if (users.Contains(peer.UserId))
                {
                    Socket allowed = connection;
                    connection = null;
                    return allowed;
                }

                connection.Dispose();
                refused(peer);
            }
            finally
            {
                connection?.Dispose();
            }
        }
    }

    /// <summary>Accepts one connection without keeping a thread while it waits.</summary>
    /// <inheritdoc cref="Accept(SafeHandle, TimeSpan, CancellationToken)"/>
    public static async Task<Socket> AcceptAsync(Socket listener, TimeSpan timeout, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(listener);
        cancellation.ThrowIfCancellationRequested();
        ThrowIfNotListening(listener.SafeHandle);
        Deadline deadline = Deadline.After(timeout);
        while (SocketWait.IsReadable(listener.SafeHandle) ||
            await ReadinessPollerShim.UntilAsync(listener.SafeHandle, Poll.POLLIN, deadline, cancellation).ConfigureAwait(false))
        {
            if (TryAccept(listener.SafeHandle) is { } connection)
            {
                return connection;
            }
        }

        throw NobodyConnected();
    }

    private static Socket Accept(SafeHandle listener, Deadline deadline, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(listener);
        cancellation.ThrowIfCancellationRequested();
        ThrowIfNotListening(listener);
        using var lease = new HandleLease(listener);
        while (SocketWait.Until(lease.Fd, Poll.POLLIN, deadline, cancellation))
        {
            if (TryAccept(listener) is { } connection)
            {
                return connection;
            }
        }

        throw NobodyConnected();
    }

    // Waiting on a socket that will never have a connection would last for ever.
    private static void ThrowIfNotListening(SafeHandle listener)
    {
        using var lease = new HandleLease(listener);
        if (!SocketFacts.IsListening(lease.Fd))
        {
            int errno = SocketFacts.TypeOf(lease.Fd) == Constants.SOCK_DGRAM ? Errno.EOPNOTSUPP : Errno.EINVAL;
            throw new SystemCallException("accept", errno, $"descriptor {lease.Fd}");
        }
    }

    // Null when the connection is gone again: taken by somebody else who accepts here, or given up by the one who made it.
    private static Socket? TryAccept(SafeHandle listener)
    {
        using SafeDescriptorHandle? handle = TryAccept(listener, [], out _);
        return handle is null ? null : SocketConversion.ToSocket(handle);
    }

    /// <summary>
    /// Accepts one connection, close-on-exec; null when there is none any more. Does not wait if somebody is there, or if the
    /// listener does not block.
    /// </summary>
    /// <param name="listener">A listening socket, of any family.</param>
    /// <param name="address">Where the other end's address goes.</param>
    /// <param name="addressLength">Its length, which may be more than there was room for.</param>
    /// <exception cref="SystemCallException">accept(2) failed: EMFILE and so on.</exception>
    internal static unsafe SafeDescriptorHandle? TryAccept(SafeHandle listener, Span<byte> address, out int addressLength)
    {
        using var lease = new HandleLease(listener);
        uint length = (uint)address.Length;
        int fd;
        fixed (byte* bytes = address)
        {
            uint* room = address.IsEmpty ? null : &length;
            fd = Constants.Current.SOCK_CLOEXEC != 0
                ? SysSocket.Accept4(lease.Fd, bytes, room, Constants.Current.SOCK_CLOEXEC)
                : SysSocket.Accept(lease.Fd, bytes, room);
        }

        addressLength = (int)length;
        if (fd < 0)
        {
            int errno = Errno.Last;
            return errno == Errno.EAGAIN || errno == Errno.EINTR || errno == Errno.ECONNABORTED
                ? null
                : throw new SystemCallException("accept", errno, $"descriptor {lease.Fd}");
        }

        var handle = new SafeDescriptorHandle(fd, ownsHandle: true);
        if (Constants.Current.SOCK_CLOEXEC == 0)
        {
            _ = Fcntl.Control(fd, Constants.F_SETFD, Constants.FD_CLOEXEC);
        }

        return handle;
    }

    private static TimeoutException NobodyConnected() => new("Nobody connected in time.");

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;

    // Never waits itself: on Linux a full backlog is EAGAIN, and there is nothing to poll for. The call is made here because
    // Socket.Connect does not keep the error number: it tells ENOENT as EADDRNOTAVAIL.
    private static unsafe Socket? TryConnect(
        UnixSocketAddress address, SocketType type, bool waitForListener, out SystemCallException? reason)
    {
        int fd = SysSocket.Create(Constants.AF_UNIX, SocketTypes.NumberOfUnix(type) | Constants.Current.SOCK_CLOEXEC, 0);
        if (fd < 0)
        {
            throw SystemCallException.FromLast("socket");
        }

        using var handle = new SafeDescriptorHandle(fd, ownsHandle: true);
        if (Constants.Current.SOCK_CLOEXEC == 0)
        {
            _ = Fcntl.Control(fd, Constants.F_SETFD, Constants.FD_CLOEXEC);
        }

        byte* name = stackalloc byte[SysUn.MaxSize];
        if (type == SocketType.Dgram && Constants.Current.HasAbstractNames)
        {
            // The kernel picks an abstract name (autobind of unix(7)): without one, nobody could answer.
            *(ushort*)name = Constants.AF_UNIX;
            if (SysSocket.Bind(fd, name, sizeof(ushort)) < 0)
            {
                throw SystemCallException.FromLast("bind", "autobind");
            }
        }

        int length = SysUn.Write(new Span<byte>(name, SysUn.MaxSize), address.Name, address.IsAbstract, Constants.Current);
        int flags = Fcntl.Control(fd, Constants.F_GETFL);
        _ = Fcntl.Control(fd, Constants.F_SETFL, flags | Constants.Current.O_NONBLOCK);
        if (SysSocket.Connect(fd, name, (uint)length) == 0)
        {
            _ = Fcntl.Control(fd, Constants.F_SETFL, flags);
            reason = null;
            return SocketConversion.ToSocket(handle);
        }

        reason = SystemCallException.FromLast("connect", address.ToString());
        if (reason.Errno == Errno.ECONNREFUSED && !address.IsAbstract &&
            SysStat.TryGetStatusOfLink(address.Name, out SysStat.FileStatus status) &&
            status.Type is not (SysStat.S_IFSOCK or SysStat.S_IFLNK))
        {
            // Linux refuses this too, and nobody will ever answer.
            throw new SystemCallException("connect", Errno.ENOTSOCK, $"{address} is there, and is not a socket");
        }

        bool isNotThereYet = reason.Errno == Errno.ENOENT || reason.Errno == Errno.ECONNREFUSED;
        return reason.Errno == Errno.EAGAIN || (waitForListener && isNotThereYet) ? null : throw reason;
    }

    private static void ThrowIfPassed(Deadline deadline, UnixSocketAddress address, SystemCallException? reason)
    {
        if (deadline.HasPassed)
        {
            throw new TimeoutException($"Nobody answered on {address} in time.", reason);
        }
    }
}
