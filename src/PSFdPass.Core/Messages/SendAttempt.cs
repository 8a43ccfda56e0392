using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Messages;

/// <summary>Sends data and descriptors as one or more messages. Each attempt sends as much as the receiver's queue accepts.</summary>
internal unsafe struct SendAttempt : IAttempt<bool>
{
    private readonly SafeHandle _socket;
    private readonly SafeHandle[]? _handles;
    private readonly int[]? _numbers;
    private readonly MessagePlan _plan;
    private readonly bool _isCounted;
    private nint _data;
    private int _bytesLeft;
    private int _next;
    private int _messages;
    private int _bytes;

    /// <summary>Creates an attempt to send pinned data.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="plan">The distribution of the data among the messages.</param>
    /// <param name="data">
    /// The data, which stays pinned until the send ends; null to send one byte with each message: the number of its descriptors,
    /// modulo 256.
    /// </param>
    /// <param name="length">The length of the data in bytes.</param>
    /// <param name="handles">The descriptors as handles, or null.</param>
    /// <param name="numbers">The descriptors as numbers, or null.</param>
    public SendAttempt(SafeHandle socket, MessagePlan plan, byte* data, int length, SafeHandle[]? handles, int[]? numbers)
    {
        _socket = socket;
        _plan = plan;
        _isCounted = data is null && length < 0;
        _data = (nint)data;
        _bytesLeft = _isCounted ? (Count(handles, numbers) + DescriptorSender.MaxDescriptorsPerMessage - 1) / DescriptorSender.MaxDescriptorsPerMessage : length;
        _handles = handles;
        _numbers = numbers;
    }

    /// <inheritdoc/>
    public readonly short Events => Poll.POLLOUT;

    private readonly SendProgress Progress =>
        new(_messages, _next, _bytes, Count(_handles, _numbers) - _next, _bytesLeft);

    /// <summary>Skips the first part of the data, which has already been sent with all the descriptors.</summary>
    /// <param name="bytes">The number of bytes sent; negative if nothing was sent.</param>
    public void Skip(int bytes)
    {
        if (bytes >= 0)
        {
            Advance(bytes, Count(_handles, _numbers));
        }
    }

    /// <inheritdoc/>
    public Outcome Try(out bool result)
    {
        result = true;
        using var lease = new HandleLease(_socket);
        int total = Count(_handles, _numbers);
        if (total > _next)
        {
            Facts.UnixFamily.Require(lease.Fd);
        }

        int bytesBefore = _bytes;
        do
        {
            (int bytes, int count) = _isCounted
                ? (1, Math.Min(total - _next, DescriptorSender.MaxDescriptorsPerMessage))
                : _plan.Next(_bytesLeft, total - _next);
            Outcome outcome = TrySend(lease.Fd, bytes, count, out int sent);
            if (outcome != Outcome.Done)
            {
                return outcome == Outcome.NotReady && _bytes > bytesBefore ? Outcome.Partial : outcome;
            }

            _messages += sent == bytes ? 1 : 0;
            Advance(sent, count);
        }
        while (_bytesLeft > 0 || _next < total);
        return Outcome.Done;
    }

    /// <inheritdoc/>
    public readonly Exception CreateTimeoutException() => new SendTimeoutException(Progress);

    /// <inheritdoc/>
    public readonly Exception CreateCanceledException(CancellationToken cancellationToken) =>
        new SendCanceledException(Progress, cancellationToken);

    // If a message is sent in parts, its descriptors are sent with the first part.
    private void Advance(int bytes, int descriptors)
    {
        _next += descriptors;
        _bytes += bytes;
        _bytesLeft -= bytes;
        _data += _isCounted ? 0 : bytes;
    }

    private static int Count(SafeHandle[]? handles, int[]? numbers) => handles?.Length ?? numbers?.Length ?? 0;

    private readonly Outcome TrySend(int socket, int bytes, int count, out int sent)
    {
        byte counted = unchecked((byte)count);
        ReadOnlySpan<byte> data = _isCounted ? new ReadOnlySpan<byte>(in counted) : new ReadOnlySpan<byte>((void*)_data, bytes);
        return _handles is null
            ? SendOnce.Try(socket, data, _numbers.AsSpan(_next, count), out sent)
            : SendOnce.Try(socket, data, _handles.AsSpan(_next, count), out sent);
    }
}
