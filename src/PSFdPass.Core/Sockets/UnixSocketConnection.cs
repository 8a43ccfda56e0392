using System.Net.Sockets;
using PSFdPass.Interop;

namespace PSFdPass.Sockets;

/// <summary>Connects to Unix-domain sockets and accepts connections on them: connect(2), accept(2).</summary>
public static class UnixSocketConnection
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Connects to a socket.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="type">Stream, Seqpacket or Dgram; the same as the other side's.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="waitForListener">True to wait until the socket is there and answers; otherwise its absence is an error.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The connected socket, which is the caller's to dispose.</returns>
    /// <exception cref="SystemCallException">ENOENT, ECONNREFUSED, EACCES, EPROTOTYPE (another type of socket) and so on.</exception>
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
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The accepted socket, which is the caller's to dispose.</returns>
    /// <exception cref="TimeoutException">Nobody connected in time.</exception>
    /// <exception cref="SystemCallException">accept(2) failed: EINVAL when the socket does not listen, EMFILE and so on.</exception>
    public static Socket Accept(Socket listener, TimeSpan timeout, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(listener);
        Deadline deadline = Deadline.After(timeout);
        if (!SocketWait.Until((int)listener.SafeHandle.DangerousGetHandle(), Poll.POLLIN, deadline, cancellation))
        {
            throw new TimeoutException("Nobody connected in time.");
        }

        try
        {
            return listener.Accept();
        }
        catch (SocketException exception)
        {
            throw SystemCallException.From(exception, "accept");
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;

    // Never waits itself: on Linux a full backlog is EAGAIN, and there is nothing to poll for.
    private static Socket? TryConnect(UnixSocketAddress address, SocketType type, bool waitForListener, out SystemCallException? reason)
    {
        var socket = new Socket(AddressFamily.Unix, type, ProtocolType.Unspecified);
        try
        {
            socket.Blocking = false;
            socket.Connect(address.ToEndPoint());
            socket.Blocking = true;
            reason = null;
            return socket;
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            int errno = exception.NativeErrorCode;
            reason = SystemCallException.From(exception, "connect", address.ToString());
            bool isNotThereYet = errno == Errno.ENOENT || errno == Errno.ECONNREFUSED;
            return errno == Errno.EAGAIN || (waitForListener && isNotThereYet) ? null : throw reason;
        }
    }

    private static void ThrowIfPassed(Deadline deadline, UnixSocketAddress address, SystemCallException? reason)
    {
        if (deadline.HasPassed)
        {
            throw new TimeoutException($"Nobody answered on {address} in time.", reason);
        }
    }
}
