using System.Net.Sockets;
using PSFdPass.Descriptors;
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
    /// Where another process accepts on the same listener and takes the connection that ended the wait, this waits for the next
    /// one, and can't be cancelled until it comes.
    /// </remarks>
    /// <exception cref="TimeoutException">Nobody connected in time.</exception>
    /// <exception cref="SystemCallException">accept(2) failed: EINVAL when the socket does not listen, EMFILE and so on.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Socket Accept(Socket listener, TimeSpan timeout, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(listener);
        using var lease = new HandleLease(listener.SafeHandle);
        return SocketWait.Until(lease.Fd, Poll.POLLIN, Deadline.After(timeout), cancellation)
            ? AcceptNow(listener)
            : throw NobodyConnected();
    }

    /// <summary>Accepts one connection without keeping a thread while it waits.</summary>
    /// <inheritdoc cref="Accept"/>
    public static async Task<Socket> AcceptAsync(Socket listener, TimeSpan timeout, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(listener);
        Deadline deadline = Deadline.After(timeout);
        return await ReadinessPoller.UntilAsync(listener.SafeHandle, Poll.POLLIN, deadline, cancellation).ConfigureAwait(false)
            ? AcceptNow(listener)
            : throw NobodyConnected();
    }

    private static Socket AcceptNow(Socket listener)
    {
        try
        {
            return listener.Accept();
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.TooManyOpenSockets)
        {
            // Socket tells EMFILE and ENFILE alike. A duplicate fails only where it is this process that has no descriptor left.
            using var lease = new HandleLease(listener.SafeHandle);
            int copy = Fcntl.Control(lease.Fd, Constants.Current.F_DUPFD_CLOEXEC);
            DescriptorDrain.Close(copy >= 0 ? [copy] : []);
            throw new SystemCallException("accept", copy >= 0 ? Errno.ENFILE : Errno.EMFILE);
        }
        catch (SocketException exception)
        {
            throw SystemCallException.From(exception, "accept");
        }
        catch (InvalidOperationException exception) when (exception is not ObjectDisposedException)
        {
            // Socket knows that it does not listen, and does not even ask the kernel.
            throw new SystemCallException("accept", Errno.EINVAL, "the socket does not listen");
        }
    }

    private static TimeoutException NobodyConnected() => new("Nobody connected in time.");

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;

    // Never waits itself: on Linux a full backlog is EAGAIN, and there is nothing to poll for. The call is made here because
    // Socket.Connect does not keep the error number: it tells ENOENT as EADDRNOTAVAIL.
    private static unsafe Socket? TryConnect(
        UnixSocketAddress address, SocketType type, bool waitForListener, out SystemCallException? reason)
    {
        int fd = SysSocket.Create(Constants.AF_UNIX, UnixSocketType.NumberOf(type) | Constants.Current.SOCK_CLOEXEC, 0);
        if (fd < 0)
        {
            throw SystemCallException.FromLast("socket");
        }

        using var handle = new SafeDescriptorHandle(fd, ownsHandle: true);
        if (Constants.Current.SOCK_CLOEXEC == 0)
        {
            DescriptorDrain.SetCloseOnExec([fd]);
        }

        byte* name = stackalloc byte[SysUn.MaxSize];
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
