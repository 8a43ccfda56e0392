using System.Buffers;
using System.Runtime.CompilerServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Messages;

/// <summary>
/// Calls recvmmsg(2) once, without blocking. The call receives as many queued messages as there are results, but at most
/// <see cref="MaxMessages"/>.
/// </summary>
internal static unsafe class ReceiveManyOnce
{
    /// <summary>The largest number of messages that one call receives.</summary>
    public const int MaxMessages = 64;

    /// <summary>Receives queued messages, without waiting.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="buffer">The buffer that receives the data: the same number of bytes for each message.</param>
    /// <param name="descriptors">The span that receives the descriptors' numbers, in order. Those that don't fit are closed.</param>
    /// <param name="results">
    /// The span that receives the results. A result that marks the end of the connection is always the last one.
    /// </param>
    /// <param name="messages">The number of results that were written.</param>
    /// <exception cref="SystemCallException">Thrown when recvmmsg(2) fails.</exception>
    [SkipLocalsInit]
    public static Outcome Try(int socket, Span<byte> buffer, Span<int> descriptors, Span<ReceiveResult> results, out int messages)
    {
        int count = Math.Min(results.Length, MaxMessages);
        int size = buffer.Length / results.Length;
        SysSocket.MMsgHdr* headers = stackalloc SysSocket.MMsgHdr[MaxMessages];
        SysSocket.IoVec* vectors = stackalloc SysSocket.IoVec[MaxMessages];
        byte[] controls = ArrayPool<byte>.Shared.Rent(count * ControlContents.Size);
        try
        {
            fixed (byte* bytes = buffer)
            fixed (byte* control = controls)
            {
                for (int i = 0; i < count; i++)
                {
                    vectors[i] = new SysSocket.IoVec { iov_base = bytes + (i * size), iov_len = (nuint)size };
                    headers[i] = new SysSocket.MMsgHdr
                    {
                        msg_hdr = new SysSocket.MsgHdr
                        {
                            msg_iov = &vectors[i],
                            msg_iovlen = 1,
                            msg_control = control + (i * ControlContents.Size),
                            msg_controllen = ControlContents.Size,
                        },
                    };
                }

                int flags = Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_CMSG_CLOEXEC | Constants.Current.MSG_TRUNC;
                int received = SysSocket.RecvMMsg(socket, headers, (uint)count, flags);
                messages = 0;
                return received < 0 ? ReceiveOnce.OutcomeOf(Errno.Last, "recvmmsg") : TakeAll(socket, headers, received, size, descriptors, results, out messages);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(controls);
        }
    }

    // Every descriptor of every message has already been installed. All of them are accounted for before anything can fail.
    private static Outcome TakeAll(
        int socket, SysSocket.MMsgHdr* headers, int received, int size, Span<int> descriptors, Span<ReceiveResult> results, out int messages)
    {
        int taken = 0;
        for (int i = 0; i < received; i++)
        {
            ref readonly SysSocket.MsgHdr header = ref headers[i].msg_hdr;
            ControlContents contents = ControlContents.Take(
                new ReadOnlySpan<byte>(header.msg_control, (int)header.msg_controllen), descriptors[taken..]);
            taken += contents.Taken;
            int length = (int)headers[i].msg_len;
            results[i] = new ReceiveResult
            {
                Bytes = Math.Min(length, size),
                FullLength = length,
                Descriptors = contents.Taken,
                DescriptorsClosed = contents.Closed,
                Credentials = contents.Credentials,
                Flags = ControlContents.FlagsOf(header.Flags),
            };
        }

        try
        {
            messages = FindEnd(socket, results[..received]);
            return Outcome.Done;
        }
        catch
        {
            Closing.CloseAll(descriptors[..taken]);
            throw;
        }
    }

    // Marks the result at the end of the connection, if there is one, and returns the number of results up to and including it.
    private static int FindEnd(int socket, Span<ReceiveResult> results)
    {
        for (int i = 0; i < results.Length; i++)
        {
            ref ReceiveResult result = ref results[i];
            bool isEmpty = result is { FullLength: 0, Descriptors: 0, DescriptorsClosed: 0, Flags: MessageFlags.None };
            bool isLast = i == results.Length - 1;

            // On a closed stream, recvmmsg(2) fills the batch with empty messages. The first of them marks the end.
            if (isEmpty && (isLast ? EndOfStream.IsAt(socket, result.Credentials is not null) : SocketFacts.IsStream(socket)))
            {
                result = result with { IsEndOfStream = true };
                return i + 1;
            }
        }

        return results.Length;
    }
}
