using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Ancillary;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Messages;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>Sends descriptors over a Unix-domain socket: sendmsg(2) with SCM_RIGHTS (unix(7), cmsg(3)).</summary>
/// <remarks>
/// The descriptors stay the caller's: the receiver gets duplicates that share the open file description, with its offset and
/// its flags. Every call waits as long as its timeout says, whatever the blocking mode of the socket.
/// </remarks>
public static class DescriptorSender
{
    /// <summary>The most descriptors that one message carries: SCM_MAX_FD of the kernel. More of them are sent as several messages.</summary>
    public const int MaxDescriptorsPerMessage = 253;

    /// <summary>Sends descriptors with one byte for each message: the number of its descriptors, modulo 256.</summary>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{byte}, ReadOnlySpan{int}, TimeSpan, CancellationToken)"/>
    public static void Send(
        SafeHandle socket, ReadOnlySpan<int> descriptors, TimeSpan timeout, CancellationToken cancellation = default)
    {
        ThrowIfEmpty(descriptors.Length);
        _ = UnixSocketType.Of(socket);
        Deadline deadline = Deadline.After(timeout);
        using var lease = new HandleLease(socket);
        while (!descriptors.IsEmpty)
        {
            ReadOnlySpan<int> now = descriptors[..Math.Min(descriptors.Length, MaxDescriptorsPerMessage)];
            byte count = unchecked((byte)now.Length);
            SendWhole(lease.Fd, new ReadOnlySpan<byte>(in count), now, deadline, cancellation);
            descriptors = descriptors[now.Length..];
        }
    }

    /// <summary>Sends data, and descriptors with it.</summary>
    /// <param name="socket">A connected Unix-domain socket.</param>
    /// <param name="data">
    /// The bytes to send. A stream needs at least one for each message of up to <see cref="MaxDescriptorsPerMessage"/>
    /// descriptors: without a byte, Linux drops the descriptors and reports success. With more descriptors than one message
    /// carries, a stream's bytes are spread so that joined together they are the data again; on packet sockets the first
    /// packet has the data, and those after it are empty.
    /// </param>
    /// <param name="descriptors">The descriptors' numbers; none sends the data alone.</param>
    /// <param name="timeout">How long to wait for room at the receiver; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ArgumentException">There is nothing to send, or too little data to carry the descriptors.</exception>
    /// <exception cref="SystemCallException">sendmsg(2) failed: EBADF, ENOTSOCK, EPIPE, ETOOMANYREFS, EMSGSIZE and so on.</exception>
    /// <exception cref="TimeoutException">The time was over; the message says what had been sent by then.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public static void Send(
        SafeHandle socket,
        ReadOnlySpan<byte> data,
        ReadOnlySpan<int> descriptors,
        TimeSpan timeout,
        CancellationToken cancellation = default)
    {
        var plan = MessagePlan.For(UnixSocketType.Of(socket), data.Length, descriptors.Length);
        Deadline deadline = Deadline.After(timeout);
        using var lease = new HandleLease(socket);
        do
        {
            (int bytes, int count) = plan.Next(data.Length, descriptors.Length);
            SendWhole(lease.Fd, data[..bytes], descriptors[..count], deadline, cancellation);
            data = data[bytes..];
            descriptors = descriptors[count..];
        }
        while (!descriptors.IsEmpty);
    }

    /// <summary>Sends descriptors that handles own, with one byte for each message: the number of its descriptors, modulo 256.</summary>
    /// <param name="socket">A connected Unix-domain socket.</param>
    /// <param name="descriptors">The handles, which are kept open until the call returns.</param>
    /// <param name="timeout">How long to wait for room at the receiver; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{byte}, ReadOnlySpan{int}, TimeSpan, CancellationToken)"/>
    [SkipLocalsInit]
    public static void Send(
        SafeHandle socket, ReadOnlySpan<SafeHandle> descriptors, TimeSpan timeout, CancellationToken cancellation = default)
    {
        using var leases = new HandleLeases(descriptors, stackalloc int[MaxDescriptorsPerMessage]);
        Send(socket, leases.Fds, timeout, cancellation);
    }

    /// <summary>Sends data, and descriptors that handles own with it.</summary>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{byte}, ReadOnlySpan{int}, TimeSpan, CancellationToken)"/>
    [SkipLocalsInit]
    public static void Send(
        SafeHandle socket,
        ReadOnlySpan<byte> data,
        ReadOnlySpan<SafeHandle> descriptors,
        TimeSpan timeout,
        CancellationToken cancellation = default)
    {
        using var leases = new HandleLeases(descriptors, stackalloc int[MaxDescriptorsPerMessage]);
        Send(socket, data, leases.Fds, timeout, cancellation);
    }

    /// <summary>Sends data and descriptors without keeping a thread while it waits for room.</summary>
    /// <param name="socket">A connected Unix-domain socket.</param>
    /// <param name="data">The bytes to send, as in the synchronous method; null sends the number of descriptors.</param>
    /// <param name="descriptors">The handles, which the caller keeps open until the task completes.</param>
    /// <param name="timeout">How long to wait for room at the receiver; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{byte}, ReadOnlySpan{int}, TimeSpan, CancellationToken)"/>
    public static async Task SendAsync(
        SafeHandle socket,
        ReadOnlyMemory<byte>? data,
        IReadOnlyList<SafeHandle> descriptors,
        TimeSpan timeout,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(descriptors);
        SafeHandle[] handles = [.. descriptors];
        if (data is null)
        {
            ThrowIfEmpty(handles.Length);
        }

        SocketType type = UnixSocketType.Of(socket);
        MessagePlan plan = data is null ? default : MessagePlan.For(type, data.Value.Length, handles.Length);
        Deadline deadline = Deadline.After(timeout);
        ReadOnlyMemory<byte> bytesLeft = data ?? default;
        ArraySegment<SafeHandle> handlesLeft = handles;
        do
        {
            (int bytes, int count) = plan.Next(bytesLeft.Length, handlesLeft.Count);
            await SendWholeAsync(
                socket,
                data is null ? new[] { unchecked((byte)count) } : bytesLeft[..bytes],
                handlesLeft[..count],
                deadline,
                cancellation).ConfigureAwait(false);
            bytesLeft = bytesLeft[bytes..];
            handlesLeft = handlesLeft[count..];
        }
        while (handlesLeft.Count > 0);
    }

    /// <summary>Sends descriptors over a connected Unix-domain <see cref="Socket"/>.</summary>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{SafeHandle}, TimeSpan, CancellationToken)"/>
    public static void SendDescriptors(this Socket socket, params ReadOnlySpan<SafeHandle> descriptors)
    {
        ArgumentNullException.ThrowIfNull(socket);
        Send(socket.SafeHandle, descriptors, Timeout.InfiniteTimeSpan);
    }

    private static void ThrowIfEmpty(int descriptors)
    {
        if (descriptors == 0)
        {
            throw new ArgumentException("There is no descriptor to send.", nameof(descriptors));
        }
    }

    private static void SendWhole(
        int socket, ReadOnlySpan<byte> data, ReadOnlySpan<int> descriptors, Deadline deadline, CancellationToken cancellation)
    {
        while (true)
        {
            if (TrySendOnce(socket, data, descriptors, out int sent))
            {
                if (sent == data.Length)
                {
                    return;
                }

                // The descriptors went with the first part.
                data = data[sent..];
                descriptors = default;
            }
            else if (!SocketWait.Until(socket, Poll.POLLOUT, deadline, cancellation))
            {
                throw TimedOut(data.Length, descriptors.Length);
            }
        }
    }

    private static async Task SendWholeAsync(
        SafeHandle socket,
        ReadOnlyMemory<byte> data,
        ArraySegment<SafeHandle> descriptors,
        Deadline deadline,
        CancellationToken cancellation)
    {
        while (true)
        {
            if (TrySendOnce(socket, data.Span, descriptors, out int sent))
            {
                if (sent == data.Length)
                {
                    return;
                }

                // The descriptors went with the first part.
                data = data[sent..];
                descriptors = ArraySegment<SafeHandle>.Empty;
            }
            else if (!await ReadinessPollerShim.UntilAsync(socket, Poll.POLLOUT, deadline, cancellation).ConfigureAwait(false))
            {
                throw TimedOut(data.Length, descriptors.Count);
            }
        }
    }

    [SkipLocalsInit]
    private static bool TrySendOnce(SafeHandle socket, ReadOnlySpan<byte> data, ReadOnlySpan<SafeHandle> descriptors, out int sent)
    {
        using var lease = new HandleLease(socket);
        using var leases = new HandleLeases(descriptors, stackalloc int[MaxDescriptorsPerMessage]);
        return TrySendOnce(lease.Fd, data, leases.Fds, out sent);
    }

    /// <summary>One sendmsg(2) that does not wait: false when there is no room.</summary>
    [SkipLocalsInit]
    internal static unsafe bool TrySendOnce(int socket, ReadOnlySpan<byte> data, ReadOnlySpan<int> descriptors, out int sent)
    {
        fixed (byte* bytes = data)
        {
            var vector = new SysSocket.IoVec { iov_base = bytes, iov_len = (nuint)data.Length };
            var message = new SysSocket.MsgHdr { msg_iov = &vector, msg_iovlen = 1 };
            byte* control = stackalloc byte[ControlMessageLayout.MaxRightsSpace];
            if (!descriptors.IsEmpty)
            {
                int space = ControlMessageLayout.Current.Space(descriptors.Length * sizeof(int));
                var writer = new ControlMessageWriter(new Span<byte>(control, space), in ControlMessageLayout.Current);
                writer.WriteRights(descriptors);
                message.msg_control = control;
                message.msg_controllen = (uint)writer.Written;
            }

            nint result = SysSocket.SendMsg(socket, &message, Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_NOSIGNAL);
            if (result < 0)
            {
                int errno = Errno.Last;
                if (errno == Errno.EAGAIN)
                {
                    sent = 0;
                    return false;
                }

                // Again after a signal. No loop: the JIT optimises a method with both a loop and a stackalloc only once, early,
                // when it does not yet know the values of static fields, nor what is usual.
                return errno == Errno.EINTR
                    ? TrySendOnce(socket, data, descriptors, out sent)
                    : throw new SystemCallException("sendmsg", errno);
            }

            sent = (int)result;
            return true;
        }
    }

    private static TimeoutException TimedOut(int bytesLeft, int descriptorsLeft) => new(
        descriptorsLeft > 0
            ? $"The receiver made no room in time: {descriptorsLeft} descriptors and {bytesLeft} bytes of the message were not sent."
            : $"The receiver made no room in time: the descriptors went with the first part of the message, its last {bytesLeft} bytes did not.");
}
