using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Ancillary;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Descriptors;

/// <summary>Reads and writes the bytes of a socket without blocking. Messages that carry descriptors are left in the queue.</summary>
internal static unsafe class SocketTransfer
{
    // There is enough space for credentials, a security label and a process descriptor. If descriptors don't fit as well, the
    // kernel sets MSG_CTRUNC.
    private const int ControlSize = 1024;

    /// <summary>
    /// Reads available data without waiting. From a Unix-domain stream, it reads at most up to the next message that carries
    /// descriptors.
    /// </summary>
    /// <exception cref="DescriptorsPendingException">Thrown when the next message carries descriptors.</exception>
    /// <exception cref="SystemCallException">Thrown when recv(2) fails.</exception>
    public static Outcome Read(int fd, byte* buffer, int length, out int count)
    {
        if (SocketFacts.IsUnix(fd) && length > 0)
        {
            Outcome outcome = Peek(fd, buffer, length, out count);
            if (outcome != Outcome.Done)
            {
                return outcome;
            }

            // A packet is read whole. From a stream, only the peeked bytes are read, which are 0 at its end.
            length = SocketFacts.IsStream(fd) ? count : length;
        }

        return StreamMode.OutcomeOf(
            SysSocket.Recv(fd, buffer, (nuint)length, Constants.Current.MSG_DONTWAIT), "recv", fd, out count);
    }

    /// <summary>Writes as much of the data as fits, without waiting. A packet is written whole or not at all.</summary>
    /// <exception cref="SystemCallException">Thrown when send(2) fails: EPIPE, ECONNRESET, EMSGSIZE and so on.</exception>
    public static Outcome Write(int fd, byte* buffer, int length, out int count) => StreamMode.OutcomeOf(
        SysSocket.Send(fd, buffer, (nuint)length, Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_NOSIGNAL), "send", fd, out count);

    /// <summary>
    /// Copies the data that the next read will return, and leaves it in the queue (MSG_PEEK). From a Unix-domain stream, it copies
    /// at most up to the next message that carries descriptors.
    /// </summary>
    /// <inheritdoc cref="Read"/>
    public static Outcome Peek(int fd, byte* buffer, int length, out int count)
    {
        Outcome outcome = PeekOnce(fd, buffer, length, hasGuard: false, out count, out bool hasDescriptors);
        if (outcome == Outcome.Done && hasDescriptors)
        {
            int plain = SocketFacts.IsStream(fd) ? PlainLength(fd) : 0;
            count = plain > 0 ? Math.Min(plain, count) : throw new DescriptorsPendingException(fd);
        }

        return outcome;
    }

    // Returns the number of bytes before the first message with descriptors. MSG_PEEK returns the data up to the end of that
    // message, and does not show where the message begins. Therefore, a second call passes a buffer that is one byte too short,
    // followed by memory that can't be written. The kernel copies a message completely or not at all, and stops before the message
    // that does not fit.
    private static int PlainLength(int fd)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(Math.Max(SysIoctl.BytesToRead(fd), 1));
        try
        {
            fixed (byte* bytes = rented)
            {
                return PeekOnce(fd, bytes, rented.Length, hasGuard: false, out int end, out bool isThere) == Outcome.Done && isThere && end > 1 &&
                    PeekOnce(fd, bytes, end - 1, hasGuard: true, out int count, out bool hasDescriptors) == Outcome.Done && !hasDescriptors
                    ? count
                    : 0;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    [SkipLocalsInit]
    private static Outcome PeekOnce(int fd, byte* buffer, int length, bool hasGuard, out int count, out bool hasDescriptors)
    {
        byte* control = stackalloc byte[ControlSize];
        SysSocket.IoVec* vectors = stackalloc SysSocket.IoVec[2];
        vectors[0] = new SysSocket.IoVec { iov_base = buffer, iov_len = (nuint)length };
        vectors[1] = new SysSocket.IoVec { iov_base = (void*)1, iov_len = 1 };
        var message = new SysSocket.MsgHdr { msg_iov = vectors, msg_iovlen = hasGuard ? 2u : 1u, msg_control = control, msg_controllen = ControlSize };
        int flags = Constants.MSG_PEEK | Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_CMSG_CLOEXEC;
        nint result = SysSocket.RecvMsg(fd, &message, flags);
        count = 0;
        hasDescriptors = false;
        if (hasGuard && result < 0)
        {
            // EFAULT: the first message is the one that does not fit.
            return Outcome.Done;
        }

        Outcome outcome = StreamMode.OutcomeOf(result, "recvmsg", fd, out count);
        if (outcome != Outcome.Done)
        {
            return outcome;
        }

        bool carries = PeekedDescriptors.Close(new ReadOnlySpan<byte>(control, (int)message.msg_controllen), out _);
        hasDescriptors = carries || (message.Flags & Constants.Current.MSG_CTRUNC) != 0;
        return Outcome.Done;
    }
}
