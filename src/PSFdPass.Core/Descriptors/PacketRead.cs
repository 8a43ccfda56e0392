using System.Buffers;
using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Descriptors;

/// <summary>
/// Reads one whole packet from a SEQPACKET or datagram socket, and appends it to a buffer. The result is false at the end of a
/// SEQPACKET connection, and true for an empty packet.
/// </summary>
internal struct PacketRead(SafeHandle handle, IBufferWriter<byte> data, TimeSpan timeout) : IAttempt<bool>
{
    // Peeking at the size and reading are two calls. The lock ensures that no other thread of this process reads the packet
    // in between.
    private static readonly object Gate = new();

    /// <inheritdoc/>
    public readonly short Events => Poll.POLLIN;

    /// <summary>Tries to read one packet, without waiting.</summary>
    /// <exception cref="DescriptorsPendingException">Thrown when the packet carries descriptors.</exception>
    /// <exception cref="SystemCallException">Thrown when recv(2) fails.</exception>
    public static unsafe Outcome TryRead(int fd, IBufferWriter<byte> data, out bool isRead)
    {
        isRead = false;
        lock (Gate)
        {
            byte one;
            int flags = Constants.MSG_PEEK | Constants.Current.MSG_TRUNC | Constants.Current.MSG_DONTWAIT;
            Outcome outcome = StreamMode.OutcomeOf(SysSocket.Recv(fd, &one, 1, flags), "recv", fd, out int size);
            if (outcome != Outcome.Done || (size == 0 && EndOfStream.IsAt(fd, hasCredentials: false)))
            {
                return outcome;
            }

            size = Math.Max(size, 1);
            fixed (byte* buffer = data.GetSpan(size))
            {
                outcome = SocketTransfer.Read(fd, buffer, size, out int count);
                data.Advance(count);
                isRead = outcome == Outcome.Done;
            }

            return outcome;
        }
    }

    /// <inheritdoc/>
    public readonly Outcome Try(out bool result)
    {
        using var lease = new HandleLease(handle);
        return TryRead(lease.Fd, data, out result);
    }

    /// <inheritdoc/>
    public readonly Exception CreateTimeoutException() => new TimeoutException(SR.Format(SR.ReadTimedOut, timeout.TotalSeconds));

    /// <inheritdoc/>
    public readonly Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);
}
