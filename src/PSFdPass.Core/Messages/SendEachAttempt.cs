using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Messages;

/// <summary>
/// Sends each descriptor as a message of its own, all with the same data. On Linux, one system call sends several messages.
/// </summary>
/// <param name="socket">The socket.</param>
/// <param name="data">The data, which the caller keeps pinned.</param>
/// <param name="length">The length of the data in bytes.</param>
/// <param name="descriptors">The descriptors' numbers, which the caller keeps open and pinned.</param>
/// <param name="count">The number of descriptors.</param>
internal unsafe struct SendEachAttempt(SafeHandle socket, byte* data, int length, int* descriptors, int count) : IAttempt<bool>
{
    private int _sent;
    private int _rest;

    /// <inheritdoc/>
    public readonly short Events => Poll.POLLOUT;

    /// <inheritdoc/>
    public Outcome Try(out bool result)
    {
        result = true;
        using var lease = new HandleLease(socket);
        UnixFamily.Require(lease.Fd);
        (int sentBefore, int restBefore) = (_sent, _rest);
        while (_rest > 0 || _sent < count)
        {
            Outcome outcome = _rest > 0 ? FinishLast(lease.Fd) : TrySend(lease.Fd);
            if (outcome != Outcome.Done)
            {
                return outcome == Outcome.NotReady && (_sent, _rest) != (sentBefore, restBefore) ? Outcome.Partial : outcome;
            }
        }

        return Outcome.Done;
    }

    /// <inheritdoc/>
    public readonly Exception CreateTimeoutException() => new SendTimeoutException(Progress());

    /// <inheritdoc/>
    public readonly Exception CreateCanceledException(CancellationToken cancellationToken) =>
        new SendCanceledException(Progress(), cancellationToken);

    private Outcome TrySend(int fd)
    {
        var all = new ReadOnlySpan<byte>(data, length);
        int messages = 1;
        int lastSent;
        Outcome outcome = OperatingSystem.IsLinux()
            ? SendManyOnce.Try(fd, all, new ReadOnlySpan<int>(descriptors + _sent, count - _sent), out messages, out lastSent)
            : SendOnce.Try(fd, all, new ReadOnlySpan<int>(descriptors + _sent, 1), out lastSent);
        if (outcome == Outcome.Done)
        {
            _sent += messages;
            _rest = length - lastSent;
        }

        return outcome;
    }

    // Sends the rest of the last message. The stream has already accepted the descriptor and the first part of that message.
    private Outcome FinishLast(int fd)
    {
        Outcome outcome = SendOnce.Try(fd, new ReadOnlySpan<byte>(data + length - _rest, _rest), ReadOnlySpan<int>.Empty, out int sent);
        _rest -= outcome == Outcome.Done ? sent : 0;
        return outcome;
    }

    private readonly SendProgress Progress() => new(
        _sent - (_rest > 0 ? 1 : 0), _sent, (_sent * length) - _rest, count - _sent, ((count - _sent) * length) + _rest);
}
