using System.Buffers.Binary;
using System.Runtime.InteropServices;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Services;

/// <summary>
/// Sends and receives frames on a stream. A frame consists of the length of the body (4 bytes, big endian), the number of
/// descriptors (2 bytes) and the body. The descriptors arrive with the first byte. s6-fdholderd uses this format (unixmessage of
/// skalibs), and so does the takeover.
/// </summary>
/// <remarks>
/// Each read ends where its frame ends, so that every descriptor that is received while a frame is read belongs to that frame. Not
/// thread-safe.
/// </remarks>
internal sealed class FramedSocket : IDisposable
{
    /// <summary>The maximum length of a body that is accepted, in bytes.</summary>
    public const int MaxBody = 16 << 20;

    private const int HeaderSize = 6;
    private const int FirstBodySize = 64 << 10;

    private readonly SafeHandle _socket;
    private readonly List<FileDescriptor> _descriptors = [];
    private readonly byte[] _header = new byte[HeaderSize];
    private byte[]? _body;
    private int _bodyLength;
    private int _filled;

    /// <summary>Creates an object for a connected stream socket. The caller remains the owner of the socket.</summary>
    public FramedSocket(SafeHandle socket) => _socket = socket;

    /// <summary>Sends one frame with its descriptors.</summary>
    public void Send(
        ReadOnlySpan<byte> body, ReadOnlySpan<SafeHandle> descriptors, Deadline deadline, CancellationToken cancellationToken)
    {
        byte[] frame = new byte[HeaderSize + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, body.Length);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(sizeof(int)), (ushort)descriptors.Length);
        body.CopyTo(frame.AsSpan(HeaderSize));
        DescriptorSender.Send(_socket, frame, descriptors, ServiceSockets.TimeLeft(deadline), cancellationToken);
    }

    /// <summary>Receives one frame. Returns null if the peer has closed the socket or ended.</summary>
    /// <param name="deadline">The time at which the wait ends.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <param name="betweenAttempts">
    /// Called after each attempt that did not receive a whole frame, at least every 100 ms. It can throw an exception to end the
    /// wait.
    /// </param>
    /// <exception cref="InvalidDataException">Thrown when the bytes are not a frame.</exception>
    public Frame? Receive(Deadline deadline, CancellationToken cancellationToken, Action? betweenAttempts = null)
    {
        var attempt = new ReceiveAttempt(this, betweenAttempts);
        return WaitLoop.Run<ReceiveAttempt, Frame?>(ref attempt, _socket, deadline, cancellationToken);
    }

    /// <summary>
    /// Receives one frame without waiting. Returns false if the frame has not arrived completely, and true with a null frame if the
    /// peer has closed the socket or ended.
    /// </summary>
    public bool TryReceive(out Frame? frame)
    {
        frame = null;
        while (true)
        {
            if (_filled == HeaderSize && _body is null)
            {
                _bodyLength = ReadBodyLength();
                _body = new byte[Math.Min(_bodyLength, FirstBodySize)];
            }

            if (_body is not null && _filled == HeaderSize + _bodyLength)
            {
                frame = TakeFrame();
                return true;
            }

            ReceiveResult result;
            try
            {
                if (!ServiceSockets.TryReceive(_socket, GetSpace(), _descriptors, out result))
                {
                    return false;
                }
            }
            catch (SystemCallException exception) when (exception.Errno == Errno.ECONNRESET)
            {
                return true;
            }

            if (result.IsEndOfStream || result.Bytes == 0)
            {
                return true;
            }

            if ((result.Flags & MessageFlags.DescriptorsTruncated) != 0)
            {
                throw new SystemCallException("recvmsg", Errno.EMFILE);
            }

            _filled += result.Bytes;
        }
    }

    /// <summary>Closes the descriptors of a frame that has not been received completely.</summary>
    public void Dispose()
    {
        _descriptors.ForEach(static descriptor => descriptor.Dispose());
        _descriptors.Clear();
    }

    // The buffer grows as the body arrives, so that a false length from the peer does not allocate that much memory.
    private Span<byte> GetSpace()
    {
        if (_body is null)
        {
            return _header.AsSpan(_filled);
        }

        int received = _filled - HeaderSize;
        if (received == _body.Length)
        {
            Array.Resize(ref _body, Math.Min(_bodyLength, received * 2));
        }

        return _body.AsSpan(received);
    }

    private int ReadBodyLength()
    {
        uint length = BinaryPrimitives.ReadUInt32BigEndian(_header);
        return length <= MaxBody
            ? (int)length
            : throw new InvalidDataException(SR.Format(SR.FrameTooLong, length));
    }

    private Frame TakeFrame()
    {
        int announced = BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(sizeof(int)));
        if (announced != _descriptors.Count)
        {
            throw new InvalidDataException(SR.Format(SR.FrameDescriptorsMissing, announced, _descriptors.Count));
        }

        var frame = new Frame(_body!, [.. _descriptors]);
        _descriptors.Clear();
        _body = null;
        _filled = 0;
        return frame;
    }

    private readonly struct ReceiveAttempt(FramedSocket owner, Action? betweenAttempts) : IAttempt<Frame?>
    {
        public short Events => Poll.POLLIN;

        public Outcome Try(out Frame? result)
        {
            if (owner.TryReceive(out result))
            {
                return Outcome.Done;
            }

            betweenAttempts?.Invoke();
            return Outcome.NotReady;
        }

        public Exception CreateTimeoutException() => new TimeoutException(SR.FrameTimedOut);

        public Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);
    }
}
