using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Messages;

/// <summary>Receives one message as an object, or null at the end of the connection.</summary>
/// <param name="socket">The socket.</param>
/// <param name="bufferSize">
/// The largest number of bytes to receive; 0 for the default size on a stream, and for the whole packet on other sockets.
/// </param>
/// <param name="peek">True to leave the message in the queue.</param>
internal struct ReceiveMessageAttempt(SafeHandle socket, int bufferSize, bool peek) : IAttempt<ReceivedMessage?>
{
    /// <inheritdoc/>
    public readonly short Events => Poll.POLLIN;

    /// <inheritdoc/>
    [SkipLocalsInit]
    public readonly Outcome Try(out ReceivedMessage? result)
    {
        result = null;
        using var lease = new HandleLease(socket);
        int type = LastSocket.TypeOf(socket, lease.Fd);
        int size = bufferSize;
        if (size == 0)
        {
            size = DescriptorReceiver.DefaultBufferSize;
            if (type != Constants.SOCK_STREAM)
            {
                Outcome sized = PacketSize.TryGet(lease.Fd, out size);
                if (sized != Outcome.Done)
                {
                    return sized;
                }
            }
        }

        byte[] buffer = Rent(size);
        try
        {
            Span<int> numbers = stackalloc int[ControlContents.MaxNumbers];
            Outcome outcome = ReceiveOnce.Try(lease.Fd, buffer.AsSpan(0, size), numbers, peek, out ReceiveResult received);
            if (outcome != Outcome.Done)
            {
                return outcome;
            }

            // Descriptors that are not taken, for whatever reason, are closed at the end of the block.
            using var descriptors = new ReceivedDescriptors(numbers[..received.Descriptors]);
            if (!received.IsEndOfStream)
            {
                result = new ReceivedMessage(buffer.AsSpan(0, received.Bytes).ToArray(), descriptors.TakeAll(), received);
            }

            return (received.Flags & MessageFlags.DescriptorsTruncated) == 0
                ? Outcome.Done
                : throw new DescriptorsLostException(result!);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public readonly Exception CreateTimeoutException() => ReceiveTimeout.Create();

    /// <inheritdoc/>
    public readonly Exception CreateCanceledException(CancellationToken cancellationToken) =>
        new OperationCanceledException(cancellationToken);

    private static byte[] Rent(int size)
    {
        try
        {
            return ArrayPool<byte>.Shared.Rent(size);
        }
        catch (OutOfMemoryException exception)
        {
            throw new InsufficientMemoryException(SR.Format(SR.BufferTooLarge, size), exception);
        }
    }
}
