using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Messages;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>Sends descriptors over a Unix-domain socket: sendmsg(2) with SCM_RIGHTS (unix(7), cmsg(3)).</summary>
/// <remarks>
/// <para>The caller remains the owner of the descriptors. The receiver gets duplicates that share the open file description, with its
/// offset and its flags. More than <see cref="MaxDescriptorsPerMessage"/> descriptors are sent as several messages.</para>
/// <para>
/// A stream needs at least one byte for each message, because Linux drops descriptors that are sent on a stream without data, and
/// reports success. If there are more descriptors than one message carries, the data is divided among the messages on a stream, in
/// order. On packet sockets, the first packet has the data, and the packets after it are empty.
/// </para>
/// <para>
/// A timeout applies regardless of the socket's blocking mode, and that mode is never changed. On macOS, a send may block longer,
/// because sendmsg(2) ignores MSG_DONTWAIT there (according to its source code; not tested).
/// </para>
/// <para>
/// Thread-safe. Messages that several threads send on one socket are not interleaved. The exception is a message on a stream for
/// which the receiver's queue does not have enough space; it is sent in parts.
/// </para>
/// </remarks>
public static class DescriptorSender
{
    /// <summary>The largest number of descriptors that one message carries (SCM_MAX_FD of the kernel).</summary>
    public const int MaxDescriptorsPerMessage = 253;

    /// <summary>Sends descriptors with one byte for each message: the number of its descriptors, modulo 256. Waits without a limit.</summary>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{byte}, ReadOnlySpan{SafeHandle}, TimeSpan, CancellationToken)"/>
    public static void SendDescriptors(this Socket socket, params ReadOnlySpan<SafeHandle> descriptors) =>
        Send(HandleOf(socket), descriptors, Timeout.InfiniteTimeSpan);

    /// <summary>Sends data and descriptors. Waits without a limit.</summary>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{byte}, ReadOnlySpan{SafeHandle}, TimeSpan, CancellationToken)"/>
    public static void SendDescriptors(this Socket socket, ReadOnlySpan<byte> data, ReadOnlySpan<SafeHandle> descriptors) =>
        Send(HandleOf(socket), data, descriptors, Timeout.InfiniteTimeSpan);

    /// <summary>Sends data and descriptors.</summary>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{byte}, ReadOnlySpan{SafeHandle}, TimeSpan, CancellationToken)"/>
    public static void SendDescriptors(
        this Socket socket,
        ReadOnlySpan<byte> data,
        ReadOnlySpan<SafeHandle> descriptors,
        TimeSpan timeout,
        CancellationToken cancellationToken = default) =>
        Send(HandleOf(socket), data, descriptors, timeout, cancellationToken);

    /// <summary>Sends data and descriptors without blocking a thread during the wait.</summary>
    /// <inheritdoc cref="SendAsync(SafeHandle, ReadOnlyMemory{byte}, ReadOnlyMemory{SafeHandle}, TimeSpan, CancellationToken)"/>
    public static ValueTask SendDescriptorsAsync(
        this Socket socket,
        ReadOnlyMemory<byte> data,
        ReadOnlyMemory<SafeHandle> descriptors,
        CancellationToken cancellationToken = default) =>
        SendAsync(HandleOf(socket), data, descriptors, Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Sends data and descriptors.</summary>
    /// <param name="socket">A connected Unix-domain socket.</param>
    /// <param name="data">The bytes to send.</param>
    /// <param name="descriptors">
    /// The handles of the descriptors, which must stay open until the call returns. If the span is empty, only the data is sent.
    /// </param>
    /// <param name="timeout">The time to wait for space in the receiver's queue; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="ArgumentException">Thrown when there is nothing to send, or too little data to carry the descriptors.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the timeout is negative and not infinite.</exception>
    /// <exception cref="NotUnixSocketException">
    /// Thrown when the socket is not a Unix-domain socket. The kernel would drop the descriptors.
    /// </exception>
    /// <exception cref="SystemCallException">
    /// Thrown when sendmsg(2) fails: EBADF, ENOTSOCK, EPIPE, ETOOMANYREFS, EMSGSIZE and so on.
    /// </exception>
    /// <exception cref="SendTimeoutException">
    /// Thrown when the receiver's queue did not have enough space within the timeout.
    /// </exception>
    /// <exception cref="OperationCanceledException">
    /// Thrown when the token was canceled. The exception is a <see cref="SendCanceledException"/> if that happened during the wait.
    /// </exception>
    /// <exception cref="ObjectDisposedException">Thrown when the socket or a handle has been closed.</exception>
    public static unsafe void Send(
        SafeHandle socket,
        ReadOnlySpan<byte> data,
        ReadOnlySpan<SafeHandle> descriptors,
        TimeSpan timeout,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        var deadline = Deadline.After(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        int sent = -1;
        MessagePlan plan = default;
        if (!MessagePlan.IsOneMessage(data.Length, descriptors.Length))
        {
            plan = MessagePlan.For(UnixSocketType.Of(socket), data.Length, descriptors.Length);
        }
        else if ((sent = TrySendOne(socket, data, descriptors)) == data.Length)
        {
            return;
        }

        fixed (byte* bytes = data)
        {
            var attempt = new SendAttempt(socket, plan, bytes, data.Length, descriptors.ToArray(), numbers: null);
            attempt.Skip(sent);
            WaitLoop.Run<SendAttempt, bool>(ref attempt, socket, deadline, cancellationToken);
        }
    }

    /// <summary>Sends descriptors with one byte for each message: the number of its descriptors, modulo 256.</summary>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{byte}, ReadOnlySpan{SafeHandle}, TimeSpan, CancellationToken)"/>
    public static unsafe void Send(
        SafeHandle socket, ReadOnlySpan<SafeHandle> descriptors, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ThrowIfEmpty(descriptors.Length);
        if (descriptors.Length <= MaxDescriptorsPerMessage)
        {
            byte count = unchecked((byte)descriptors.Length);
            Send(socket, new ReadOnlySpan<byte>(in count), descriptors, timeout, cancellationToken);
            return;
        }

        var attempt = new SendAttempt(socket, default, data: null, length: -1, descriptors.ToArray(), numbers: null);
        WaitLoop.Run<SendAttempt, bool>(ref attempt, socket, Deadline.After(timeout), cancellationToken);
    }

    /// <summary>Sends data and descriptors without blocking a thread during the wait.</summary>
    /// <param name="socket">A connected Unix-domain socket.</param>
    /// <param name="data">The bytes to send, which must not change until the task completes.</param>
    /// <param name="descriptors">The handles of the descriptors, which must stay open until the task completes.</param>
    /// <param name="timeout">The time to wait for space in the receiver's queue; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{byte}, ReadOnlySpan{SafeHandle}, TimeSpan, CancellationToken)"/>
    public static unsafe ValueTask SendAsync(
        SafeHandle socket,
        ReadOnlyMemory<byte> data,
        ReadOnlyMemory<SafeHandle> descriptors,
        TimeSpan timeout,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        var plan = MessagePlan.For(UnixSocketType.Of(socket), data.Length, descriptors.Length);
        var deadline = Deadline.After(timeout);
        System.Buffers.MemoryHandle pinned = data.Pin();
        var attempt = new SendAttempt(socket, plan, (byte*)pinned.Pointer, data.Length, descriptors.ToArray(), numbers: null);
        return CompleteAsync(WaitLoop.RunAsync<SendAttempt, bool>(attempt, socket, deadline, cancellationToken), pinned);
    }

    /// <summary>Sends descriptors with one byte for each message, without blocking a thread during the wait.</summary>
    /// <param name="socket">A connected Unix-domain socket.</param>
    /// <param name="descriptors">The handles of the descriptors, which must stay open until the task completes.</param>
    /// <param name="timeout">The time to wait for space in the receiver's queue; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{SafeHandle}, TimeSpan, CancellationToken)"/>
    public static unsafe ValueTask SendAsync(
        SafeHandle socket, ReadOnlyMemory<SafeHandle> descriptors, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ThrowIfEmpty(descriptors.Length);
        var attempt = new SendAttempt(socket, default, data: null, length: -1, descriptors.ToArray(), numbers: null);
        return CompleteAsync(
            WaitLoop.RunAsync<SendAttempt, bool>(attempt, socket, Deadline.After(timeout), cancellationToken), pinned: default);
    }

    /// <summary>Sends data and descriptors. The descriptors are specified by number.</summary>
    /// <param name="socket">A connected Unix-domain socket.</param>
    /// <param name="data">The bytes to send.</param>
    /// <param name="descriptors">The descriptors' numbers. The caller must keep them open until the call returns.</param>
    /// <param name="timeout">The time to wait for space in the receiver's queue; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{byte}, ReadOnlySpan{SafeHandle}, TimeSpan, CancellationToken)"/>
    public static unsafe void SendNumbers(
        SafeHandle socket,
        ReadOnlySpan<byte> data,
        ReadOnlySpan<int> descriptors,
        TimeSpan timeout,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        var deadline = Deadline.After(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        int sent = -1;
        MessagePlan plan = default;
        if (!MessagePlan.IsOneMessage(data.Length, descriptors.Length))
        {
            plan = MessagePlan.For(UnixSocketType.Of(socket), data.Length, descriptors.Length);
        }
        else if ((sent = TrySendOneOfNumbers(socket, data, descriptors)) == data.Length)
        {
            return;
        }

        fixed (byte* bytes = data)
        {
            var attempt = new SendAttempt(socket, plan, bytes, data.Length, handles: null, descriptors.ToArray());
            attempt.Skip(sent);
            WaitLoop.Run<SendAttempt, bool>(ref attempt, socket, deadline, cancellationToken);
        }
    }

    /// <summary>Sends descriptors, specified by number, with one byte for each message: the number of its descriptors, modulo 256.</summary>
    /// <inheritdoc cref="SendNumbers(SafeHandle, ReadOnlySpan{byte}, ReadOnlySpan{int}, TimeSpan, CancellationToken)"/>
    public static unsafe void SendNumbers(
        SafeHandle socket, ReadOnlySpan<int> descriptors, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ThrowIfEmpty(descriptors.Length);
        if (descriptors.Length <= MaxDescriptorsPerMessage)
        {
            byte count = unchecked((byte)descriptors.Length);
            SendNumbers(socket, new ReadOnlySpan<byte>(in count), descriptors, timeout, cancellationToken);
            return;
        }

        var attempt = new SendAttempt(socket, default, data: null, length: -1, handles: null, descriptors.ToArray());
        WaitLoop.Run<SendAttempt, bool>(ref attempt, socket, Deadline.After(timeout), cancellationToken);
    }

    /// <summary>
    /// Sends each descriptor as a message of its own, all with the same data, with as few system calls as possible (sendmmsg(2)).
    /// </summary>
    /// <param name="socket">A connected Unix-domain socket.</param>
    /// <param name="data">The bytes to send with each descriptor, at least one.</param>
    /// <param name="descriptors">The descriptors' numbers. The caller must keep them open until the call returns.</param>
    /// <param name="timeout">The time to wait for space in the receiver's queue; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="ArgumentException">Thrown when the data is empty, or there are no descriptors.</exception>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{byte}, ReadOnlySpan{SafeHandle}, TimeSpan, CancellationToken)"/>
    public static unsafe void SendEachNumber(
        SafeHandle socket,
        ReadOnlySpan<byte> data,
        ReadOnlySpan<int> descriptors,
        TimeSpan timeout,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ThrowIfEmpty(descriptors.Length);
        if (data.IsEmpty)
        {
            throw new ArgumentException(SR.SendEachDataEmpty, nameof(data));
        }

        fixed (byte* bytes = data)
        fixed (int* numbers = descriptors)
        {
            var attempt = new SendEachAttempt(socket, bytes, data.Length, numbers, descriptors.Length);
            WaitLoop.Run<SendEachAttempt, bool>(ref attempt, socket, Deadline.After(timeout), cancellationToken);
        }
    }

    /// <summary>Sends each descriptor as a message of its own, all with the same data.</summary>
    /// <param name="socket">A connected Unix-domain socket.</param>
    /// <param name="data">The bytes to send with each descriptor, at least one.</param>
    /// <param name="descriptors">The handles of the descriptors. They are kept open during the call.</param>
    /// <param name="timeout">The time to wait for space in the receiver's queue; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <inheritdoc cref="SendEachNumber"/>
    public static void SendEach(
        SafeHandle socket,
        ReadOnlySpan<byte> data,
        ReadOnlySpan<SafeHandle> descriptors,
        TimeSpan timeout,
        CancellationToken cancellationToken = default)
    {
        using var leases = new HandleLeases(descriptors, stackalloc int[MaxDescriptorsPerMessage]);
        SendEachNumber(socket, data, leases.Fds, timeout, cancellationToken);
    }

    /// <summary>Sends one message if the receiver's queue has space for it. Never waits.</summary>
    /// <param name="socket">A connected Unix-domain socket.</param>
    /// <param name="data">
    /// The bytes to send. On a stream, at least one byte is required, and there should be only a few, because the kernel may accept
    /// only a part of a longer message.
    /// </param>
    /// <param name="descriptors">The handles of at most <see cref="MaxDescriptorsPerMessage"/> descriptors.</param>
    /// <param name="bytesSent">
    /// The number of bytes that were sent. On a stream, it can be smaller than the length of the data. The descriptors are sent
    /// with the first byte.
    /// </param>
    /// <returns>False when the queue is full and nothing was sent; otherwise true.</returns>
    /// <exception cref="ArgumentException">
    /// Thrown when there is nothing to send, or there is no data and the socket is a stream.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when there are too many descriptors.</exception>
    /// <exception cref="NotUnixSocketException">
    /// Thrown when the socket is not a Unix-domain socket. The kernel would drop the descriptors.
    /// </exception>
    /// <exception cref="SystemCallException">
    /// Thrown when sendmsg(2) fails: EBADF, ENOTSOCK, EPIPE, ETOOMANYREFS, EMSGSIZE and so on.
    /// </exception>
    /// <exception cref="ObjectDisposedException">Thrown when the socket or a handle has been closed.</exception>
    public static bool TrySend(SafeHandle socket, ReadOnlySpan<byte> data, ReadOnlySpan<SafeHandle> descriptors, out int bytesSent)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptorsPerMessage, nameof(descriptors));
        if (data.IsEmpty)
        {
            _ = MessagePlan.For(UnixSocketType.Of(socket), 0, descriptors.Length);
        }

        using var lease = new HandleLease(socket);
        RequireUnix(lease.Fd, descriptors.Length);
        Outcome outcome;
        int interruptions = 0;
        while ((outcome = SendOnce.Try(lease.Fd, data, descriptors, out bytesSent)) == Outcome.Again)
        {
            Pacing.ThrowIfEndless(ref interruptions, "sendmsg");
        }

        bytesSent = Math.Max(bytesSent, 0);
        return outcome == Outcome.Done;
    }

    private static SafeHandle HandleOf(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return socket.SafeHandle;
    }

    private static async ValueTask CompleteAsync(ValueTask<bool> sending, System.Buffers.MemoryHandle pinned)
    {
        using (pinned)
        {
            await sending.ConfigureAwait(false);
        }
    }

    // Handles the usual case: one message that the queue accepts whole. Returns the number of bytes sent, or -1 if nothing was
    // sent.
    private static int TrySendOne(SafeHandle socket, ReadOnlySpan<byte> data, ReadOnlySpan<SafeHandle> descriptors)
    {
        using var lease = new HandleLease(socket);
        RequireUnix(lease.Fd, descriptors.Length);
        return SendOnce.Try(lease.Fd, data, descriptors, out int sent) == Outcome.Done ? sent : -1;
    }

    private static int TrySendOneOfNumbers(SafeHandle socket, ReadOnlySpan<byte> data, ReadOnlySpan<int> descriptors)
    {
        using var lease = new HandleLease(socket);
        RequireUnix(lease.Fd, descriptors.Length);
        return SendOnce.Try(lease.Fd, data, descriptors, out int sent) == Outcome.Done ? sent : -1;
    }

    private static void RequireUnix(int socket, int descriptors)
    {
        if (descriptors > 0)
        {
            UnixFamily.Require(socket);
        }
    }

    private static void ThrowIfEmpty(int descriptors)
    {
        if (descriptors == 0)
        {
            throw new ArgumentException(SR.SendEachEmpty, nameof(descriptors));
        }
    }
}
