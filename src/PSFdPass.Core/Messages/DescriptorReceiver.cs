using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Messages;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>Receives descriptors from a Unix-domain socket: recvmsg(2) with SCM_RIGHTS (unix(7), cmsg(3)).</summary>
/// <remarks>
/// The control buffer always has room for the most descriptors a message can hold, so none is lost because of what the caller
/// asked for. All of them are close-on-exec. A plain read of the same socket would throw attached descriptors away.
/// </remarks>
public static class DescriptorReceiver
{
    /// <summary>Bytes received at the most when the caller does not say, from a stream. A packet is received whole.</summary>
    public const int DefaultBufferSize = 65536;

    /// <summary>Receives one message into the caller's buffers. Allocates nothing.</summary>
    /// <param name="socket">A Unix-domain socket.</param>
    /// <param name="buffer">Where the data goes. What of a packet has no room is lost, and <see cref="ReceiveResult.FullLength"/> tells.</param>
    /// <param name="descriptors">
    /// Where the descriptors' numbers go. They are the caller's to close. Those that have no room are closed and counted in
    /// <see cref="ReceiveResult.DescriptorsClosed"/>; 253 have room for any message.
    /// </param>
    /// <param name="timeout">How long to wait for a message; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="cancellation">Ends the wait. A message is never lost to it.</param>
    /// <exception cref="SystemCallException">recvmsg(2) failed: EBADF, ENOTSOCK, ENOTCONN, ECONNRESET and so on.</exception>
    /// <exception cref="TimeoutException">No message came in time.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public static ReceiveResult Receive(
        SafeHandle socket, Span<byte> buffer, Span<int> descriptors, TimeSpan timeout, CancellationToken cancellation = default)
    {
        SocketType type = UnixSocketType.Of(socket);
        if (buffer.IsEmpty && type == SocketType.Stream)
        {
            throw new ArgumentException("A stream's descriptors come with at least one byte: the buffer needs room for it.", nameof(buffer));
        }

        ReceiveResult result;
        using (var lease = new HandleLease(socket))
        {
            if (!TryReceive(lease.Fd, type, buffer, descriptors, peek: false, out result))
            {
                Deadline deadline = Deadline.After(timeout);
                do
                {
                    WaitForMessage(lease.Fd, deadline, cancellation);
                }
                while (!TryReceive(lease.Fd, type, buffer, descriptors, peek: false, out result));
            }
        }

        if (result.IsEndOfStream)
        {
            ThrowIfClosed(socket);
        }

        return result;
    }

    /// <summary>Receives one message into the caller's buffers. Allocates nothing but the objects that own the descriptors.</summary>
    /// <param name="socket">A Unix-domain socket.</param>
    /// <param name="buffer">Where the data goes. What of a packet has no room is lost, and <see cref="ReceiveResult.FullLength"/> tells.</param>
    /// <param name="descriptors">
    /// Where the descriptors go, which are the caller's to dispose. Those that have no room are closed and counted in
    /// <see cref="ReceiveResult.DescriptorsClosed"/>; 253 have room for any message.
    /// </param>
    /// <param name="timeout">How long to wait for a message; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="cancellation">Ends the wait. A message is never lost to it.</param>
    /// <inheritdoc cref="Receive(SafeHandle, Span{byte}, Span{int}, TimeSpan, CancellationToken)"/>
    [SkipLocalsInit]
    public static ReceiveResult Receive(
        SafeHandle socket, Span<byte> buffer, Span<FileDescriptor> descriptors, TimeSpan timeout, CancellationToken cancellation = default)
    {
        Span<int> numbers = stackalloc int[ControlContents.MaxNumbers];
        ReceiveResult result = Receive(
            socket, buffer, numbers[..Math.Min(descriptors.Length, ControlContents.MaxNumbers)], timeout, cancellation);
        using var drain = new DescriptorDrain(numbers[..result.Descriptors]);
        drain.TakeAll(descriptors);
        return result;
    }

    /// <summary>Receives one message, with its descriptors as objects that own them.</summary>
    /// <param name="socket">A Unix-domain socket.</param>
    /// <param name="timeout">How long to wait for a message; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="cancellation">Ends the wait. A message is never lost to it.</param>
    /// <param name="bufferSize">
    /// How many bytes to receive at the most; 0 for <see cref="DefaultBufferSize"/> from a stream, and for all of a packet.
    /// </param>
    /// <param name="peek">
    /// True to leave the message where it is (MSG_PEEK). Its descriptors are installed all the same, as more duplicates: they are
    /// the caller's, and come again with the message.
    /// </param>
    /// <returns>The message, which is the caller's to dispose; null when the peer has closed and everything was received.</returns>
    /// <exception cref="DescriptorsLostException">
    /// This process's descriptor table is full. The exception has the message with the data and what did arrive.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">There is no memory for a buffer of that size. Nothing was received.</exception>
    /// <inheritdoc cref="Receive(SafeHandle, Span{byte}, Span{int}, TimeSpan, CancellationToken)"/>
    public static ReceivedMessage? ReceiveMessage(
        SafeHandle socket, TimeSpan timeout, CancellationToken cancellation = default, int bufferSize = 0, bool peek = false)
    {
        SocketType type = UnixSocketType.Of(socket);
        Deadline deadline = Deadline.After(timeout);
        ReceivedMessage? message;
        using (var lease = new HandleLease(socket))
        {
            while (!TryReceiveMessage(lease.Fd, type, bufferSize, peek, out message))
            {
                WaitForMessage(lease.Fd, deadline, cancellation);
            }
        }

        if (message is null)
        {
            ThrowIfClosed(socket);
        }

        return message;
    }

    /// <summary>Receives one message without keeping a thread while it waits.</summary>
    /// <inheritdoc cref="ReceiveMessage(SafeHandle, TimeSpan, CancellationToken, int, bool)"/>
    public static async Task<ReceivedMessage?> ReceiveMessageAsync(
        SafeHandle socket, TimeSpan timeout, CancellationToken cancellation = default, int bufferSize = 0, bool peek = false)
    {
        SocketType type = UnixSocketType.Of(socket);
        Deadline deadline = Deadline.After(timeout);
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (TryReceiveMessage(socket, type, bufferSize, peek, out ReceivedMessage? message))
            {
                if (message is null)
                {
                    ThrowIfClosed(socket);
                }

                return message;
            }

            if (!await ReadinessPollerShim.UntilAsync(socket, Poll.POLLIN, deadline, cancellation).ConfigureAwait(false))
            {
                throw TimedOut();
            }
        }
    }

    /// <summary>Receives one message from a Unix-domain <see cref="Socket"/>, waiting for it as long as it takes.</summary>
    /// <inheritdoc cref="ReceiveMessage(SafeHandle, TimeSpan, CancellationToken, int, bool)"/>
    public static ReceivedMessage? ReceiveMessage(this Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return ReceiveMessage(socket.SafeHandle, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Asks for the sender's credentials with every message from now on (SO_PASSCRED, unix(7)), for every holder of the socket.
    /// </summary>
    /// <remarks>
    /// They are recorded when a message is sent. Those sent before have the process id 0 and the user and group 65534 (nobody).
    /// </remarks>
    /// <param name="socket">A Unix-domain socket.</param>
    /// <exception cref="PlatformNotSupportedException">Only Linux sends credentials with each message.</exception>
    /// <exception cref="SystemCallException">setsockopt(2) failed.</exception>
    public static void RequestCredentials(SafeHandle socket)
    {
        _ = UnixSocketType.Of(socket);
        if (Constants.Current.SO_PASSCRED < 0)
        {
            throw new PlatformNotSupportedException("Only Linux sends credentials with each message: UnixSocketPeer tells who is connected.");
        }

        using var lease = new HandleLease(socket);
        if (!SysSocket.TrySetOption(lease.Fd, Constants.Current.SOL_SOCKET, Constants.Current.SO_PASSCRED, 1))
        {
            throw SystemCallException.FromLast("setsockopt", "SO_PASSCRED");
        }
    }

    internal static void WaitForMessage(int socket, Deadline deadline, CancellationToken cancellation)
    {
        if (!SocketWait.Until(socket, Poll.POLLIN, deadline, cancellation))
        {
            throw TimedOut();
        }
    }

    // To dispose a Socket shuts its connection down, which looks like the peer's end to who waits on it meanwhile. The handle is
    // closed once nobody holds it any more: this is asked without a lease.
    private static void ThrowIfClosed(SafeHandle socket)
    {
        if (socket.IsClosed)
        {
            throw new ObjectDisposedException(null, "The socket was closed while it was waited on.");
        }
    }

    /// <summary>The error for a buffer that is not to be had.</summary>
    internal static InsufficientMemoryException NoMemoryFor(nuint bytes, OutOfMemoryException exception) =>
        new($"There is no memory for a buffer of {bytes} bytes: receive with a smaller one.", exception);

    private static TimeoutException TimedOut() => new("No message came in time.");

    private static bool TryReceiveMessage(
        SafeHandle socket, SocketType type, int bufferSize, bool peek, out ReceivedMessage? message)
    {
        using var lease = new HandleLease(socket);
        return TryReceiveMessage(lease.Fd, type, bufferSize, peek, out message);
    }

    // Receives without waiting: false when there is nothing yet; true with a null message at the end of the stream.
    [SkipLocalsInit]
    private static bool TryReceiveMessage(int socket, SocketType type, int bufferSize, bool peek, out ReceivedMessage? message)
    {
        message = null;
        int size = bufferSize;
        if (size == 0 && !TryChooseSize(socket, type, out size))
        {
            return false;
        }

        byte[] buffer = Rent(size);
        try
        {
            Span<int> numbers = stackalloc int[ControlContents.MaxNumbers];
            if (!TryReceive(socket, type, buffer.AsSpan(0, size), numbers, peek, out ReceiveResult result))
            {
                return false;
            }

            // From here the descriptors are ours: whatever is not taken, for whatever reason, is closed by the drain.
            using var drain = new DescriptorDrain(numbers[..result.Descriptors]);
            if (result.IsEndOfStream)
            {
                return true;
            }

            message = new ReceivedMessage(buffer.AsSpan(0, result.Bytes).ToArray(), drain.TakeAll(), result);
            return (result.Flags & MessageFlags.DescriptorsTruncated) == 0 ? true : throw new DescriptorsLostException(message);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Rent(int size)
    {
        try
        {
            return ArrayPool<byte>.Shared.Rent(size);
        }
        catch (OutOfMemoryException exception)
        {
            throw NoMemoryFor((nuint)size, exception);
        }
    }

    // How large a buffer the next message wants: for a packet its size, which the kernel tells without receiving it.
    private static unsafe bool TryChooseSize(int socket, SocketType type, out int size)
    {
        size = DefaultBufferSize;
        if (type == SocketType.Stream)
        {
            return true;
        }

        byte one;
        nint length;
        while ((length = SysSocket.Recv(
            socket, &one, 1, Constants.MSG_PEEK | Constants.Current.MSG_TRUNC | Constants.Current.MSG_DONTWAIT)) < 0)
        {
            int errno = Errno.Last;
            if (errno == Errno.EAGAIN)
            {
                return false;
            }

            // A pending error such as ECONNRESET is told once: recvmsg(2) would not find it again.
            if (errno != Errno.EINTR)
            {
                throw new SystemCallException("recvmsg", errno);
            }
        }

        // macOS says 1 for any packet, whatever its size.
        if (OperatingSystem.IsLinux())
        {
            size = (int)length;
        }

        return true;
    }

    /// <summary>One recvmsg(2) that does not wait: false when there is nothing. Every descriptor that it installs is accounted for.</summary>
    [SkipLocalsInit]
    internal static unsafe bool TryReceive(
        int socket, SocketType type, Span<byte> buffer, Span<int> descriptors, bool peek, out ReceiveResult result)
    {
        byte* control = stackalloc byte[ControlContents.Size];
        fixed (byte* bytes = buffer)
        {
            var vector = new SysSocket.IoVec { iov_base = bytes, iov_len = (nuint)buffer.Length };
            var message = new SysSocket.MsgHdr
            {
                msg_iov = &vector,
                msg_iovlen = 1,
                msg_control = control,
                msg_controllen = ControlContents.Size,
            };
            int flags = Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_CMSG_CLOEXEC;
            if (type != SocketType.Stream)
            {
                flags |= Constants.Current.MSG_TRUNC;
            }

            if (peek)
            {
                flags |= Constants.MSG_PEEK;
            }

            nint length = SysSocket.RecvMsg(socket, &message, flags);
            if (length < 0)
            {
                int errno = Errno.Last;
                if (errno == Errno.EAGAIN)
                {
                    result = default;
                    return false;
                }

                // Again after a signal. No loop: the JIT optimises a method with both a loop and a stackalloc only once, early,
                // when it does not yet know the values of static fields, nor what is usual.
                return errno == Errno.EINTR
                    ? TryReceive(socket, type, buffer, descriptors, peek, out result)
                    : throw new SystemCallException("recvmsg", errno);
            }

            ControlContents contents = ControlContents.Take(
                new ReadOnlySpan<byte>(control, (int)message.msg_controllen), descriptors);

            // With MSG_CTRUNC something did come, even if all of it was lost.
            MessageFlags cut = ControlContents.FlagsOf(message.Flags);
            result = new ReceiveResult
            {
                Bytes = (int)Math.Min(length, buffer.Length),
                FullLength = (int)length,
                Descriptors = contents.Taken,
                DescriptorsClosed = contents.Closed,
                Credentials = contents.Credentials,
                Flags = cut,
                IsEndOfStream = length == 0 && contents.Taken + contents.Closed == 0 && cut == MessageFlags.None && IsEndOfStream(socket, type),
            };
            return true;
        }
    }

    // No data and no descriptor: the end, or an empty packet. Credentials tell nothing, they come with the end as well.
    private static unsafe bool IsEndOfStream(int socket, SocketType type)
    {
        if (type != SocketType.Seqpacket)
        {
            return type == SocketType.Stream;
        }

        // A peer that is still there sent an empty packet. One that is gone may have, too, if there is more behind it.
        byte one;
        return SocketWait.HasHungUp(socket) &&
            SysSocket.Recv(socket, &one, 1, Constants.MSG_PEEK | Constants.Current.MSG_DONTWAIT) <= 0;
    }
}
