using System.Runtime.CompilerServices;
using PSFdPass.Facts;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Messages;

/// <summary>Calls recvmsg(2) once, without blocking. Every descriptor that the call installs is accounted for.</summary>
internal static unsafe class ReceiveOnce
{
    /// <summary>Receives one queued message, without waiting.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="buffer">The buffer that receives the data. Bytes of a packet that don't fit are discarded.</param>
    /// <param name="descriptors">The span that receives the descriptors' numbers, which the caller owns from then on. Those that don't
    /// fit are closed.</param>
    /// <param name="peek">
    /// True to leave the message in the queue (MSG_PEEK). Duplicates of its descriptors are nevertheless installed.
    /// </param>
    /// <param name="result">The result of the receive operation.</param>
    /// <returns>
    /// <see cref="Outcome.Done"/>, <see cref="Outcome.NotReady"/> when the queue is empty, or <see cref="Outcome.Again"/> after a signal.
    /// </returns>
    /// <exception cref="SystemCallException">Thrown when recvmsg(2) fails.</exception>
    // The method has no loop, because the JIT compiles a method that has both a loop and a stackalloc only once, at its first call,
    // when the values of static readonly fields may not be known.
    [SkipLocalsInit]
    public static Outcome Try(int socket, Span<byte> buffer, Span<int> descriptors, bool peek, out ReceiveResult result)
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

            // With MSG_TRUNC, the call returns the whole length of a packet. Streams ignore the flag.
            int flags = Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_CMSG_CLOEXEC | Constants.Current.MSG_TRUNC;
            nint length = SysSocket.RecvMsg(socket, &message, peek ? flags | Constants.MSG_PEEK : flags);
            if (length < 0)
            {
                result = default;
                return OutcomeOf(Errno.Last, "recvmsg");
            }

            ControlContents contents = ControlContents.Take(
                new ReadOnlySpan<byte>(control, (int)message.msg_controllen), descriptors);

            // MSG_CTRUNC means that the message had descriptors, even if all of them were lost.
            MessageFlags cut = ControlContents.FlagsOf(message.Flags);
            result = new ReceiveResult
            {
                Bytes = (int)Math.Min(length, buffer.Length),
                FullLength = (int)length,
                Descriptors = contents.Taken,
                DescriptorsClosed = contents.Closed,
                Credentials = contents.Credentials,
                Flags = cut,
                IsEndOfStream = length == 0 && contents.Taken + contents.Closed == 0 && cut == MessageFlags.None &&
                    EndOfStream.IsAt(socket, contents.Credentials is not null),
            };
            return Outcome.Done;
        }
    }

    /// <summary>Returns the size of the next packet in bytes without receiving it.</summary>
    /// <inheritdoc cref="Try"/>
    public static Outcome TryPeekSize(int socket, out int size)
    {
        byte one;
        nint length = SysSocket.Recv(
            socket, &one, 1, Constants.MSG_PEEK | Constants.Current.MSG_TRUNC | Constants.Current.MSG_DONTWAIT);
        size = (int)length;

        // A pending error such as ECONNRESET is reported only once, so recvmsg(2) would not report it again.
        return length >= 0 ? Outcome.Done : OutcomeOf(Errno.Last, "recvmsg");
    }

    /// <summary>Returns the outcome for a temporary error. Throws an exception for any other error.</summary>
    public static Outcome OutcomeOf(int errno, string call) =>
        errno == Errno.EAGAIN ? Outcome.NotReady
        : errno == Errno.EINTR ? Outcome.Again
        : throw new SystemCallException(call, errno);
}
