using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Messages;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>Receives descriptors from a Unix-domain socket: recvmsg(2) with SCM_RIGHTS (unix(7), cmsg(3)).</summary>
/// <remarks>
/// <para>
/// The control buffer always has space for the largest number of descriptors that a message can carry, so the kernel never discards
/// descriptors just because the caller requested fewer. All received descriptors are close-on-exec. A plain read from the socket would
/// discard the descriptors of a message.
/// </para>
/// <para>Canceling a wait never loses a message. No data is buffered in this process, so other readers of the socket
/// don't miss any.</para>
/// <para>
/// Thread-safe. Several threads can receive from one socket. Each packet is received whole, by exactly one of them. On a stream,
/// all descriptors of a message are received by exactly one of them.
/// </para>
/// </remarks>
public static class DescriptorReceiver
{
    /// <summary>
    /// The largest number of bytes that are received from a stream when the caller does not specify a buffer size. Packets are
    /// received whole.
    /// </summary>
    public const int DefaultBufferSize = 65536;

    /// <summary>Receives one message with its descriptors. Waits without a limit.</summary>
    /// <inheritdoc cref="ReceiveMessage(SafeHandle, TimeSpan, CancellationToken, int, bool)"/>
    public static ReceivedMessage? ReceiveDescriptors(this Socket socket) => ReceiveMessage(HandleOf(socket), Timeout.InfiniteTimeSpan);

    /// <summary>Receives one message with its descriptors.</summary>
    /// <inheritdoc cref="ReceiveMessage(SafeHandle, TimeSpan, CancellationToken, int, bool)"/>
    public static ReceivedMessage? ReceiveDescriptors(this Socket socket, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        ReceiveMessage(HandleOf(socket), timeout, cancellationToken);

    /// <summary>Receives one message with its descriptors, without blocking a thread during the wait. Waits without a limit.</summary>
    /// <inheritdoc cref="ReceiveMessage(SafeHandle, TimeSpan, CancellationToken, int, bool)"/>
    public static ValueTask<ReceivedMessage?> ReceiveDescriptorsAsync(this Socket socket, CancellationToken cancellationToken = default) =>
        ReceiveMessageAsync(HandleOf(socket), Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Receives one message with its descriptors.</summary>
    /// <param name="socket">A Unix-domain socket.</param>
    /// <param name="timeout">The time to wait for a message; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <param name="bufferSize">
    /// The largest number of bytes to receive; 0 for <see cref="DefaultBufferSize"/> on a stream socket, and for the whole packet on other
    /// sockets.
    /// </param>
    /// <param name="peek">
    /// True to leave the message in the queue (MSG_PEEK). The caller nevertheless receives duplicates of its descriptors, which the
    /// caller must dispose. The descriptors are received again with the message.
    /// </param>
    /// <returns>
    /// The message, which the caller must dispose; null when the peer has closed the connection and everything has been received.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// Thrown when the timeout is negative and not infinite, or the buffer size is negative.
    /// </exception>
    /// <exception cref="NotUnixSocketException">Thrown when the socket is not a Unix-domain socket.</exception>
    /// <exception cref="SystemCallException">Thrown when recvmsg(2) fails: EBADF, ENOTSOCK, ENOTCONN, ECONNRESET and so on.</exception>
    /// <exception cref="DescriptorsLostException">
    /// Thrown when this process's descriptor table is full. The exception contains the message, with the data and the descriptors
    /// that arrived.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">
    /// Thrown when there is not enough memory for the buffer. Nothing was received.
    /// </exception>
    /// <exception cref="TimeoutException">Thrown when no message arrived within the timeout.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the token was canceled.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the socket has been closed.</exception>
    public static ReceivedMessage? ReceiveMessage(
        SafeHandle socket, TimeSpan timeout, CancellationToken cancellationToken = default, int bufferSize = 0, bool peek = false)
    {
        ThrowIfInvalid(socket, bufferSize);
        var attempt = new ReceiveMessageAttempt(socket, bufferSize, peek);
        ReceivedMessage? message = WaitLoop.Run<ReceiveMessageAttempt, ReceivedMessage?>(
            ref attempt, socket, Deadline.After(timeout), cancellationToken);
        return message ?? EndOf(socket);
    }

    /// <summary>Receives one message with its descriptors, without blocking a thread during the wait.</summary>
    /// <inheritdoc cref="ReceiveMessage(SafeHandle, TimeSpan, CancellationToken, int, bool)"/>
    public static ValueTask<ReceivedMessage?> ReceiveMessageAsync(
        SafeHandle socket, TimeSpan timeout, CancellationToken cancellationToken = default, int bufferSize = 0, bool peek = false)
    {
        ThrowIfInvalid(socket, bufferSize);
        var deadline = Deadline.After(timeout);
        return CompleteAsync(
            WaitLoop.RunAsync<ReceiveMessageAttempt, ReceivedMessage?>(
                new ReceiveMessageAttempt(socket, bufferSize, peek), socket, deadline, cancellationToken),
            socket);
    }

    /// <summary>Receives one message into the caller's buffers. Allocates only the objects that own the descriptors.</summary>
    /// <param name="socket">A Unix-domain socket.</param>
    /// <param name="buffer">
    /// The buffer that receives the data. Bytes of a packet that don't fit are discarded, and <see cref="ReceiveResult.FullLength"/>
    /// is larger than <see cref="ReceiveResult.Bytes"/>.
    /// </param>
    /// <param name="descriptors">
    /// The span that receives the descriptors, which the caller must dispose. Those that don't fit are closed and counted in
    /// <see cref="ReceiveResult.DescriptorsClosed"/>; 253 elements are enough for any message.
    /// </param>
    /// <param name="timeout">The time to wait for a message; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="ArgumentException">Thrown when the buffer is empty and the socket is a stream.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the timeout is negative and not infinite.</exception>
    /// <exception cref="NotUnixSocketException">Thrown when the socket is not a Unix-domain socket.</exception>
    /// <exception cref="SystemCallException">Thrown when recvmsg(2) fails: EBADF, ENOTSOCK, ENOTCONN, ECONNRESET and so on.</exception>
    /// <exception cref="TimeoutException">Thrown when no message arrived within the timeout.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the token was canceled.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the socket has been closed.</exception>
    [SkipLocalsInit]
    public static ReceiveResult Receive(
        SafeHandle socket, Span<byte> buffer, Span<FileDescriptor> descriptors, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Span<int> numbers = stackalloc int[ControlContents.MaxNumbers];
        ReceiveResult result = ReceiveNumbers(
            socket, buffer, numbers[..Math.Min(descriptors.Length, ControlContents.MaxNumbers)], timeout, cancellationToken);
        using var received = new ReceivedDescriptors(numbers[..result.Descriptors]);
        received.TakeAll(descriptors);
        return result;
    }

    /// <summary>Receives one message into the caller's buffers, with the descriptors as numbers. Allocates nothing.</summary>
    /// <param name="socket">A Unix-domain socket.</param>
    /// <param name="buffer">
    /// The buffer that receives the data. Bytes of a packet that don't fit are discarded, and <see cref="ReceiveResult.FullLength"/>
    /// is larger than <see cref="ReceiveResult.Bytes"/>.
    /// </param>
    /// <param name="descriptors">
    /// The span that receives the descriptors' numbers, which the caller must close (<c>FileDescriptor.CloseAll</c>). Those that
    /// don't fit are closed and counted in <see cref="ReceiveResult.DescriptorsClosed"/>; 253 elements are enough for any message.
    /// </param>
    /// <param name="timeout">The time to wait for a message; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <inheritdoc cref="Receive(SafeHandle, Span{byte}, Span{FileDescriptor}, TimeSpan, CancellationToken)"/>
    public static unsafe ReceiveResult ReceiveNumbers(
        SafeHandle socket, Span<byte> buffer, Span<int> descriptors, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ThrowIfStreamWithout(buffer, socket);
        ReceiveResult result;
        fixed (byte* bytes = buffer)
        fixed (int* numbers = descriptors)
        {
            var attempt = new ReceiveNumbersAttempt(socket, bytes, buffer.Length, numbers, descriptors.Length);
            result = WaitLoop.Run<ReceiveNumbersAttempt, ReceiveResult>(ref attempt, socket, Deadline.After(timeout), cancellationToken);
        }

        if (result.IsEndOfStream)
        {
            _ = EndOf(socket);
        }

        return result;
    }

    /// <summary>
    /// Waits for at least one message, and receives the queued messages with one recvmmsg(2). At most as many
    /// messages are received as <paramref name="results"/> has elements, and never more than 64 (on macOS, 1).
    /// </summary>
    /// <param name="socket">A Unix-domain socket.</param>
    /// <param name="buffer">
    /// The buffer that receives the data. It is divided into equal parts: message i begins at
    /// <c>i * (buffer.Length / results.Length)</c>. On a stream, a part should be no longer than the data that accompanies a
    /// descriptor, because otherwise one part can contain the data of several messages.
    /// </param>
    /// <param name="descriptors">
    /// The span that receives the numbers of the descriptors, in the order of the messages. The caller must close these
    /// descriptors. Those that don't fit are closed and counted in <see cref="ReceiveResult.DescriptorsClosed"/>.
    /// </param>
    /// <param name="results">The memory that receives the results, one for each message.</param>
    /// <param name="timeout">The time to wait for the first message; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>The number of results. The last result can mark the end of the connection.</returns>
    /// <exception cref="ArgumentException">
    /// Thrown when there is no space for a result, or the buffer has less than one byte for each result.
    /// </exception>
    /// <inheritdoc cref="Receive(SafeHandle, Span{byte}, Span{FileDescriptor}, TimeSpan, CancellationToken)"/>
    public static unsafe int ReceiveNumbers(
        SafeHandle socket,
        Span<byte> buffer,
        Span<int> descriptors,
        Memory<ReceiveResult> results,
        TimeSpan timeout,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (results.IsEmpty || buffer.Length < results.Length)
        {
            throw new ArgumentException(SR.BatchEmpty, nameof(buffer));
        }

        fixed (byte* bytes = buffer)
        fixed (int* numbers = descriptors)
        {
            var attempt = new ReceiveBatchAttempt(socket, bytes, buffer.Length, numbers, descriptors.Length, results);
            int received = WaitLoop.Run<ReceiveBatchAttempt, int>(ref attempt, socket, Deadline.After(timeout), cancellationToken);
            if (results.Span[received - 1].IsEndOfStream)
            {
                _ = EndOf(socket);
            }

            return received;
        }
    }

    /// <summary>Receives a message if one is queued. Never waits.</summary>
    /// <param name="socket">A Unix-domain socket.</param>
    /// <param name="buffer">
    /// The buffer that receives the data. Bytes of a packet that don't fit are discarded, and <see cref="ReceiveResult.FullLength"/>
    /// is larger than <see cref="ReceiveResult.Bytes"/>.
    /// </param>
    /// <param name="descriptors">
    /// The span that receives the descriptors, which the caller must dispose. Those that don't fit are closed and counted in
    /// <see cref="ReceiveResult.DescriptorsClosed"/>; 253 elements are enough for any message.
    /// </param>
    /// <param name="peek">
    /// True to leave the message in the queue (MSG_PEEK). The caller nevertheless receives duplicates of its descriptors. The
    /// descriptors are received again with the message.
    /// </param>
    /// <param name="result">The result of the receive operation.</param>
    /// <returns>False when the queue is empty; otherwise true.</returns>
    /// <exception cref="ArgumentException">Thrown when the buffer is empty and the socket is a stream.</exception>
    /// <exception cref="NotUnixSocketException">Thrown when the socket is not a Unix-domain socket.</exception>
    /// <exception cref="SystemCallException">Thrown when recvmsg(2) fails: EBADF, ENOTSOCK, ENOTCONN, ECONNRESET and so on.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the socket has been closed.</exception>
    [SkipLocalsInit]
    public static bool TryReceive(
        SafeHandle socket, Span<byte> buffer, Span<FileDescriptor> descriptors, bool peek, out ReceiveResult result)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ThrowIfStreamWithout(buffer, socket);
        Span<int> numbers = stackalloc int[ControlContents.MaxNumbers];
        Outcome outcome;
        using (var lease = new HandleLease(socket))
        {
            _ = LastSocket.TypeOf(socket, lease.Fd);
            int interruptions = 0;
            while ((outcome = ReceiveOnce.Try(
                    lease.Fd, buffer, numbers[..Math.Min(descriptors.Length, ControlContents.MaxNumbers)], peek, out result)) == Outcome.Again)
            {
                Pacing.ThrowIfEndless(ref interruptions, "recvmsg");
            }
        }

        if (outcome != Outcome.Done)
        {
            return false;
        }

        using var received = new ReceivedDescriptors(numbers[..result.Descriptors]);
        received.TakeAll(descriptors);
        return true;
    }

    private static async ValueTask<ReceivedMessage?> CompleteAsync(ValueTask<ReceivedMessage?> receiving, SafeHandle socket) =>
        await receiving.ConfigureAwait(false) ?? EndOf(socket);

    // Disposing a Socket shuts its connection down. To a thread that is waiting on the socket, this looks like the end of the
    // stream.
    private static ReceivedMessage? EndOf(SafeHandle socket) => WaitLoop.IsClosed(socket)
        ? throw new ObjectDisposedException(null, SR.SocketClosedDuringWait)
        : null;

    private static SafeHandle HandleOf(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return socket.SafeHandle;
    }

    private static void ThrowIfInvalid(SafeHandle socket, int bufferSize)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentOutOfRangeException.ThrowIfNegative(bufferSize);
    }

    private static void ThrowIfStreamWithout(Span<byte> buffer, SafeHandle socket)
    {
        if (buffer.IsEmpty && UnixSocketType.Of(socket) == SocketType.Stream)
        {
            throw new ArgumentException(SR.ReceiveBufferEmpty, nameof(buffer));
        }
    }
}
