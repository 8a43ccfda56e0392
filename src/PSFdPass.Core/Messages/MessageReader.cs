using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PSFdPass;

/// <summary>
/// Receives one message after the other from a Unix-domain socket. From a datagram socket it can take many at a time, and what
/// it has taken and not yet given is kept for the next reader of the same handle: to stop reading loses nothing.
/// </summary>
/// <remarks><see cref="DescriptorReceiver"/>, and other processes that share the socket, do not see what a reader has taken.</remarks>
public sealed class MessageReader : IDisposable
{
    // Goes with the handle: when nobody has that any more, the messages are dropped and their descriptors closed.
    private static readonly ConditionalWeakTable<SafeHandle, ConcurrentQueue<ReceivedMessage>> ReadAhead = [];

    private readonly SafeHandle _socket;
    private readonly int _bufferSize;
    private readonly ConcurrentQueue<ReceivedMessage>? _waiting;
    private DatagramBatch? _batch;

    /// <summary>Begins to read.</summary>
    /// <param name="socket">A Unix-domain socket, which stays the caller's.</param>
    /// <param name="bufferSize">
    /// How many bytes of a message to receive at the most; 0 for <see cref="DescriptorReceiver.DefaultBufferSize"/> from a stream,
    /// and for all of a packet.
    /// </param>
    /// <param name="readAhead">
    /// True to take all datagrams that wait in one call, where the system can (see <see cref="DatagramBatch"/>). Only for a handle
    /// that the next reader will have, too.
    /// </param>
    /// <exception cref="SystemCallException">ENOTSOCK, EBADF.</exception>
    /// <exception cref="NotUnixSocketException">It is a socket of another family.</exception>
    public MessageReader(SafeHandle socket, int bufferSize = 0, bool readAhead = false)
    {
        _socket = socket;
        _bufferSize = bufferSize;
        if (UnixSocketType.Of(socket) == SocketType.Dgram && DatagramBatch.IsSupported)
        {
            _batch = readAhead ? new DatagramBatch(socket, bufferSize) : null;
            _waiting = readAhead ? ReadAhead.GetOrCreateValue(socket) : ReadAhead.TryGetValue(socket, out var kept) ? kept : null;
        }
    }

    /// <summary>Receives the next message.</summary>
    /// <inheritdoc cref="DescriptorReceiver.ReceiveMessage(SafeHandle, TimeSpan, CancellationToken, int, bool)"/>
    public ReceivedMessage? Next(TimeSpan timeout, CancellationToken cancellation = default)
    {
        while (true)
        {
            if (_waiting is not null && _waiting.TryDequeue(out ReceivedMessage? message))
            {
                return Whole(message);
            }

            if (_batch is null)
            {
                return DescriptorReceiver.ReceiveMessage(_socket, timeout, cancellation, _bufferSize);
            }

            // Another thread's reader of the same handle may be quicker to take them out again.
            foreach (ReceivedMessage received in _batch.Receive(timeout, cancellation))
            {
                _waiting!.Enqueue(received);
            }
        }
    }

    /// <summary>Receives the next message and leaves it where it is: it comes again, with further duplicates of its descriptors.</summary>
    /// <inheritdoc cref="DescriptorReceiver.ReceiveMessage(SafeHandle, TimeSpan, CancellationToken, int, bool)"/>
    public ReceivedMessage? Peek(TimeSpan timeout, CancellationToken cancellation = default) =>
        _waiting is not null && _waiting.TryPeek(out ReceivedMessage? message)
            ? message.Duplicate()
            : DescriptorReceiver.ReceiveMessage(_socket, timeout, cancellation, _bufferSize, peek: true);

    /// <summary>Frees the buffers. What was taken and not given is kept for the next reader of the handle.</summary>
    public void Dispose()
    {
        _batch?.Dispose();
        _batch = null;
    }

    private static ReceivedMessage Whole(ReceivedMessage message) =>
        (message.Flags & MessageFlags.DescriptorsTruncated) == 0 ? message : throw new DescriptorsLostException(message);
}
