using PSFdPass.Ancillary;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PSFdPass.Descriptors;

/// <summary>Reads and writes the bytes of a socket without blocking. Messages that carry descriptors are left in the queue.</summary>
internal static unsafe class SocketTransfer
{
    // Space for credentials, a security label and a process descriptor. Descriptors that don't fit set MSG_CTRUNC.
    private const int ControlSize = 1024;

    /// <summary>Reads once: from a Unix-domain stream, at most up to a message that carries descriptors.</summary>
    /// <exception cref="DescriptorsPendingException">Thrown when the next message carries descriptors.</exception>
    /// <exception cref="SystemCallException">Thrown when recv(2) fails.</exception>
    public static Outcome Read(int fd, byte* buffer, int length, out int count)
    {
        if (SocketFacts.FamilyOf(fd) == Constants.AF_UNIX && length > 0)
        {
            Outcome outcome = Peek(fd, buffer, length, out count);
            if (outcome != Outcome.Done)
            {
                return outcome;
            }

            // A packet is read whole; 0 bytes of a stream are its end.
            length = IsStream(fd) ? count : length;
        }

        return StreamMode.OutcomeOf(
            SysSocket.Recv(fd, buffer, (nuint)length, Constants.Current.MSG_DONTWAIT), "recv", fd, out count);
    }

    /// <summary>Writes once, perhaps a part; a packet is written whole.</summary>
    /// <exception cref="SystemCallException">Thrown when send(2) fails: EPIPE, ECONNRESET, EMSGSIZE and so on.</exception>
    public static Outcome Write(int fd, byte* buffer, int length, out int count) => StreamMode.OutcomeOf(
        SysSocket.Send(fd, buffer, (nuint)length, Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_NOSIGNAL), "send", fd, out count);

    /// <summary>
    /// Copies what the next read will return and leaves it in the queue (MSG_PEEK): from a Unix-domain stream, at most up to a message
    /// that carries descriptors.
    /// </summary>
    /// <inheritdoc cref="Read"/>
    public static Outcome Peek(int fd, byte* buffer, int length, out int count)
    {
        Outcome outcome = PeekOnce(fd, buffer, length, out count, out bool hasDescriptors);
        if (outcome != Outcome.Done || !hasDescriptors)
        {
            return outcome;
        }

        int plain = IsStream(fd) ? PlainLength(fd, buffer, count) : 0;
        count = plain > 0 ? plain : throw new DescriptorsPendingException(fd);
        return Outcome.Done;
    }

    /// <summary>Returns whether a socket is a stream, and not one of packets.</summary>
    public static bool IsStream(int fd) => SocketFacts.TypeOf(fd) == Constants.SOCK_STREAM;

    // The kernel stops at a message with descriptors, but returns the bytes before it as well: the longest read without descriptors is
    // searched for. The length itself has them.
    private static int PlainLength(int fd, byte* buffer, int length)
    {
        int without = 0;
        while (length - without > 1)
        {
            int middle = without + ((length - without) / 2);
            if (PeekOnce(fd, buffer, middle, out int count, out bool hasDescriptors) != Outcome.Done || count < middle)
            {
                // Another reader was faster.
                return 0;
            }

            if (hasDescriptors)
            {
                length = middle;
            }
            else
            {
                without = middle;
            }
        }

        return without;
    }

    [SkipLocalsInit]
    private static Outcome PeekOnce(int fd, byte* buffer, int length, out int count, out bool hasDescriptors)
    {
        byte* control = stackalloc byte[ControlSize];
        var vector = new SysSocket.IoVec { iov_base = buffer, iov_len = (nuint)length };
        var message = new SysSocket.MsgHdr { msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = ControlSize };
        int flags = Constants.MSG_PEEK | Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_CMSG_CLOEXEC;
        Outcome outcome = StreamMode.OutcomeOf(SysSocket.RecvMsg(fd, &message, flags), "recvmsg", fd, out count);
        hasDescriptors = false;
        if (outcome != Outcome.Done)
        {
            return outcome;
        }

        // The call has installed duplicates of the descriptors.
        hasDescriptors = (message.Flags & Constants.Current.MSG_CTRUNC) != 0;
        foreach (ControlMessage part in new ControlMessageReader(
            new ReadOnlySpan<byte>(control, (int)message.msg_controllen), in ControlMessageLayout.Current))
        {
            if (part.IsRights || part.IsProcessDescriptor)
            {
                hasDescriptors |= part.IsRights;
                Closing.CloseAll(MemoryMarshal.Cast<byte, int>(part.Data));
            }
        }

        return Outcome.Done;
    }
}
