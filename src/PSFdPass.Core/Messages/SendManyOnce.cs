using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Ancillary;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Messages;

/// <summary>Calls sendmmsg(2) once, without blocking, to send each of several descriptors as a message of its own.</summary>
internal static unsafe class SendManyOnce
{
    /// <summary>The largest number of messages that one call sends.</summary>
    public const int MaxMessages = 64;

    // Enough for CMSG_SPACE of one descriptor in any layout.
    private const int ControlSize = 24;

    /// <summary>Sends at most <see cref="MaxMessages"/> messages.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="data">The data of each message.</param>
    /// <param name="descriptors">The numbers of the descriptors to send, one with each message.</param>
    /// <param name="messages">The number of messages that were sent.</param>
    /// <param name="lastSent">
    /// The number of bytes of the last message that were sent; on a stream, it can be smaller than the length of the data.
    /// </param>
    /// <exception cref="SystemCallException">Thrown when sendmmsg(2) fails before the first message.</exception>
    [SkipLocalsInit]
    public static Outcome Try(int socket, ReadOnlySpan<byte> data, ReadOnlySpan<int> descriptors, out int messages, out int lastSent)
    {
        SysSocket.MMsgHdr* headers = stackalloc SysSocket.MMsgHdr[MaxMessages];
        byte* controls = stackalloc byte[MaxMessages * ControlSize];
        int count = Math.Min(descriptors.Length, MaxMessages);
        fixed (byte* bytes = data)
        {
            var vector = new SysSocket.IoVec { iov_base = bytes, iov_len = (nuint)data.Length };
            for (int i = 0; i < count; i++)
            {
                byte* control = controls + (i * ControlSize);
                var writer = new ControlMessageWriter(new Span<byte>(control, ControlSize), in ControlMessageLayout.Current);
                writer.WriteRights(descriptors.Slice(i, 1));
                headers[i] = new SysSocket.MMsgHdr
                {
                    msg_hdr = new SysSocket.MsgHdr
                    {
                        msg_iov = &vector,
                        msg_iovlen = 1,
                        msg_control = control,
                        msg_controllen = (uint)writer.Written,
                    },
                };
            }

            messages = SysSocket.SendMMsg(socket, headers, (uint)count, Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_NOSIGNAL);
        }

        lastSent = messages > 0 ? (int)headers[messages - 1].msg_len : 0;
        return messages > 0 ? Outcome.Done : SendOnce.OutcomeOf(Errno.Last, "sendmmsg");
    }
}
