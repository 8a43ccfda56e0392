using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Descriptors;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Sockets;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>Creates, connects and accepts Unix-domain sockets: socketpair(2), connect(2) and accept(2).</summary>
/// <remarks>
/// Thread-safe. Several threads can accept connections on one listener. The returned sockets are blocking and close-on-exec, and
/// the caller must dispose them.
/// </remarks>
public static class UnixSocket
{
    /// <summary>Creates a pair of connected sockets without names (socketpair(2)).</summary>
    /// <param name="type">Stream, Seqpacket or Dgram.</param>
    /// <exception cref="SystemCallException">Thrown when socketpair(2) fails: EMFILE, or EPROTONOSUPPORT for Seqpacket on macOS.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the type is not Stream, Seqpacket or Dgram.</exception>
    public static (Socket Left, Socket Right) CreatePair(SocketType type = SocketType.Stream)
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = NewSocket.CreatePair(type);
        using (left)
        using (right)
        {
            // Each conversion either takes over its descriptor or throws an exception. A descriptor that is not taken over is
            // closed with its handle.
            Socket first = SocketConversion.ToSocket(left);
            try
            {
                return (first, SocketConversion.ToSocket(right));
            }
            catch
            {
                first.Dispose();
                throw;
            }
        }
    }

    /// <summary>Connects to a socket (connect(2)). Waits without a limit while the listener's backlog is full.</summary>
    /// <inheritdoc cref="Connect(UnixSocketAddress, SocketType, TimeSpan, bool, IReadOnlySet{uint}, CancellationToken)"/>
    public static Socket Connect(UnixSocketAddress address, SocketType type = SocketType.Stream) =>
        Connect(address, type, Timeout.InfiniteTimeSpan);

    /// <summary>Connects to a socket (connect(2)).</summary>
    /// <remarks>On Linux, a datagram socket gets an abstract name of its own, so that it can receive answers.</remarks>
    /// <param name="address">The address of the socket.</param>
    /// <param name="type">Stream, Seqpacket or Dgram. It must be the type of the socket at the address.</param>
    /// <param name="timeout">The time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="waitForListener">
    /// True to wait until a socket with that address exists and listens. By default, it is an error if there is no such socket.
    /// </param>
    /// <param name="requiredUsers">
    /// The IDs of the users that the listener may belong to; null for any user. The effective user ID of the process that called
    /// listen(2) (SO_PEERCRED) must be one of them. It is checked before the socket is returned. The check is not possible for
    /// datagram sockets.
    /// </param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="SystemCallException">
    /// Thrown when connect(2) fails: ENOENT, ECONNREFUSED, EACCES, ENAMETOOLONG, ENOTSOCK (the path is a file of another kind), EPROTOTYPE
    /// (the socket is of another type) and so on.
    /// </exception>
    /// <exception cref="UnauthorizedAccessException">Thrown when the listener does not belong to one of the required users.</exception>
    /// <exception cref="ArgumentException">
    /// Thrown when <paramref name="requiredUsers"/> is set for a datagram socket, because the kernel does not record its peer.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the timeout is negative and not infinite.</exception>
    /// <exception cref="TimeoutException">Thrown when the connection was not established in time.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the token was canceled.</exception>
    public static Socket Connect(
        UnixSocketAddress address,
        SocketType type,
        TimeSpan timeout,
        bool waitForListener = false,
        IReadOnlySet<uint>? requiredUsers = null,
        CancellationToken cancellationToken = default)
    {
        ConnectAttempt attempt = CreateAttempt(address, type, waitForListener, requiredUsers);
        return ToSocket(WaitLoop.Run<ConnectAttempt, SafeDescriptorHandle>(ref attempt, null, Deadline.After(timeout), cancellationToken));
    }

    /// <summary>Connects to a socket (connect(2)), without blocking a thread during the wait.</summary>
    /// <inheritdoc cref="Connect(UnixSocketAddress, SocketType, TimeSpan, bool, IReadOnlySet{uint}, CancellationToken)"/>
    public static Task<Socket> ConnectAsync(
        UnixSocketAddress address,
        SocketType type,
        TimeSpan timeout,
        bool waitForListener = false,
        IReadOnlySet<uint>? requiredUsers = null,
        CancellationToken cancellationToken = default)
    {
        ConnectAttempt attempt = CreateAttempt(address, type, waitForListener, requiredUsers);
        return ToSocketAsync(
            WaitLoop.RunAsync<ConnectAttempt, SafeDescriptorHandle>(attempt, null, Deadline.After(timeout), cancellationToken));
    }

    /// <summary>Accepts a connection (accept(2)). Waits without a limit.</summary>
    /// <inheritdoc cref="Accept(SafeHandle, TimeSpan, CancellationToken)"/>
    public static Socket Accept(SafeHandle listener) => Accept(listener, Timeout.InfiniteTimeSpan);

    /// <summary>Accepts a connection (accept(2)).</summary>
    /// <remarks>
    /// O_NONBLOCK is set on the listener, for every process that has it open. Otherwise, accept(2) could wait longer than the
    /// timeout if another thread or process accepts the connection. If the synchronous methods of a <see cref="Socket"/> are used
    /// as well, call <see cref="Accept(Socket, TimeSpan, CancellationToken)"/>.
    /// </remarks>
    /// <param name="listener">A listening socket of any family.</param>
    /// <param name="timeout">The time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait. No connection is lost.</param>
    /// <exception cref="SystemCallException">
    /// Thrown when accept(2) fails: EINVAL when the socket does not listen, EOPNOTSUPP for a datagram socket, EMFILE and so on.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the timeout is negative and not infinite.</exception>
    /// <exception cref="TimeoutException">Thrown when no connection arrived in time.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the token was canceled.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the listener has been closed, before or during the wait.</exception>
    public static Socket Accept(SafeHandle listener, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(listener);
        var attempt = new AcceptAttempt(listener);
        return ToSocket(WaitLoop.Run<AcceptAttempt, SafeDescriptorHandle>(ref attempt, listener, Deadline.After(timeout), cancellationToken));
    }

    /// <remarks>
    /// O_NONBLOCK is set on the listener, for every process that has it open. The synchronous methods of the socket still wait.
    /// </remarks>
    /// <inheritdoc cref="Accept(SafeHandle, TimeSpan, CancellationToken)"/>
    public static Socket Accept(Socket listener, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        Accept(Prepare(listener), timeout, cancellationToken);

    /// <summary>Accepts a connection (accept(2)), without blocking a thread during the wait.</summary>
    /// <inheritdoc cref="Accept(SafeHandle, TimeSpan, CancellationToken)"/>
    public static Task<Socket> AcceptAsync(SafeHandle listener, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(listener);
        return ToSocketAsync(WaitLoop.RunAsync<AcceptAttempt, SafeDescriptorHandle>(
            new AcceptAttempt(listener), listener, Deadline.After(timeout), cancellationToken));
    }

    /// <inheritdoc cref="AcceptAsync(SafeHandle, TimeSpan, CancellationToken)"/>
    public static Task<Socket> AcceptAsync(SafeHandle listener, CancellationToken cancellationToken = default) =>
        AcceptAsync(listener, Timeout.InfiniteTimeSpan, cancellationToken);

    /// <inheritdoc cref="Accept(Socket, TimeSpan, CancellationToken)"/>
    public static Task<Socket> AcceptAsync(Socket listener, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        AcceptAsync(Prepare(listener), timeout, cancellationToken);

    /// <summary>Accepts a connection if one is waiting (accept(2)). Never blocks.</summary>
    /// <param name="listener">A listening socket of any family.</param>
    /// <returns>The connection, which is blocking and close-on-exec; null when none is waiting.</returns>
    /// <inheritdoc cref="Accept(SafeHandle, TimeSpan, CancellationToken)"/>
    public static FileDescriptor? TryAccept(SafeHandle listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        var attempt = new AcceptAttempt(listener);
        int interruptions = 0;
        while (true)
        {
            switch (attempt.Try(out SafeDescriptorHandle connection))
            {
                case Outcome.Done:
                    return new FileDescriptor(connection.Detach(), ownsHandle: true);
                case Outcome.NotReady:
                    return null;
                default:
                    Pacing.ThrowIfEndless(ref interruptions, "accept");
                    break;
            }
        }
    }

    /// <summary>
    /// Sets the size of the send buffer (SO_SNDBUF of socket(7)). On Linux, the send buffer alone limits how much data can wait in
    /// a Unix-domain socket until it is received, and how large a packet can be.
    /// </summary>
    /// <param name="socket">The socket.</param>
    /// <param name="bytes">The size in bytes. Linux doubles it for its own bookkeeping.</param>
    /// <returns>The size in effect, in bytes. It is smaller if the system limits it (net.core.wmem_max).</returns>
    /// <exception cref="SystemCallException">Thrown when setsockopt(2) fails: ENOTSOCK, EBADF.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the size is zero or negative.</exception>
    public static int SetSendBuffer(SafeHandle socket, int bytes) => SetBuffer(socket, Constants.Current.SO_SNDBUF, bytes, "SO_SNDBUF");

    /// <summary>
    /// Sets the size of the receive buffer (SO_RCVBUF of socket(7)). Linux ignores this size for Unix-domain sockets.
    /// </summary>
    /// <returns>The size in effect, in bytes. It is smaller if the system limits it (net.core.rmem_max).</returns>
    /// <inheritdoc cref="SetSendBuffer"/>
    public static int SetReceiveBuffer(SafeHandle socket, int bytes) => SetBuffer(socket, Constants.Current.SO_RCVBUF, bytes, "SO_RCVBUF");

    /// <summary>Requests the credentials of the sender with each received message (SO_PASSCRED of unix(7)). On Linux only.</summary>
    /// <remarks>
    /// The option applies to every process that has the socket open. The kernel attaches credentials to messages that are sent
    /// after this call. The option also binds a socket without a name to an abstract name when it connects or sends.
    /// </remarks>
    /// <param name="socket">A Unix-domain socket.</param>
    /// <exception cref="NotUnixSocketException">Thrown when the socket is not a Unix-domain socket.</exception>
    /// <exception cref="SystemCallException">Thrown when setsockopt(2) fails: ENOTSOCK, EBADF.</exception>
    /// <exception cref="PlatformNotSupportedException">Thrown when the system is not Linux.</exception>
    public static void RequestCredentials(SafeHandle socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (Constants.Current.SO_PASSCRED < 0)
        {
            throw new PlatformNotSupportedException(SR.MessageCredentialsNotSupported);
        }

        using var lease = new HandleLease(socket);
        UnixFamily.Require(lease.Fd);
        if (!SysSocket.TrySetOption(lease.Fd, Constants.Current.SOL_SOCKET, Constants.Current.SO_PASSCRED, 1))
        {
            throw SystemCallException.FromLast("setsockopt", "SO_PASSCRED");
        }
    }

    private static ConnectAttempt CreateAttempt(
        UnixSocketAddress address, SocketType type, bool waitForListener, IReadOnlySet<uint>? requiredUsers)
    {
        ArgumentNullException.ThrowIfNull(address);
        return requiredUsers is null || type != SocketType.Dgram
            ? new ConnectAttempt(address, type, waitForListener, requiredUsers)
            : throw new ArgumentException(SR.RequiredUserOfDatagram, nameof(requiredUsers));
    }

    // Sets O_NONBLOCK through the Socket object, so that its synchronous methods wait with poll(2).
    private static SafeSocketHandle Prepare(Socket listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        SafeSocketHandle handle = listener.SafeHandle;
        using var lease = new HandleLease(handle);
        if (listener.Blocking && !NewSocket.IsNonBlocking(lease.Fd) && SocketFacts.IsListening(lease.Fd))
        {
            listener.Blocking = false;
            listener.Blocking = true;
        }

        return handle;
    }

    private static Socket ToSocket(SafeDescriptorHandle handle)
    {
        using (handle)
        {
            return SocketConversion.ToSocket(handle);
        }
    }

    private static async Task<Socket> ToSocketAsync(ValueTask<SafeDescriptorHandle> handle) =>
        ToSocket(await handle.ConfigureAwait(false));

    private static int SetBuffer(SafeHandle socket, int option, int bytes, string name)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        using var lease = new HandleLease(socket);
        return SysSocket.TrySetOption(lease.Fd, Constants.Current.SOL_SOCKET, option, bytes) &&
            SysSocket.TryGetOption(lease.Fd, Constants.Current.SOL_SOCKET, option, out int inEffect)
            ? OperatingSystem.IsLinux() ? inEffect / 2 : inEffect
            : throw SystemCallException.FromLast("setsockopt", $"{name} {bytes}");
    }
}
