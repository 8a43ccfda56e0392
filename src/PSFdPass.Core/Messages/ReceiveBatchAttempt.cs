using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Messages;

/// <summary>Receives the queued messages into buffers that the caller keeps pinned, and returns the number of messages.</summary>
internal readonly unsafe struct ReceiveBatchAttempt(
    SafeHandle socket, byte* buffer, int length, int* descriptors, int count, Memory<ReceiveResult> results) : IAttempt<int>
{
    /// <inheritdoc/>
    public short Events => Poll.POLLIN;

    /// <inheritdoc/>
    public Outcome Try(out int result)
    {
        using var lease = new HandleLease(socket);
        _ = LastSocket.TypeOf(socket, lease.Fd);
        var data = new Span<byte>(buffer, length);
        var numbers = new Span<int>(descriptors, count);
        if (OperatingSystem.IsLinux())
        {
            return ReceiveManyOnce.Try(lease.Fd, data, numbers, results.Span, out result);
        }

        Outcome outcome = ReceiveOnce.Try(lease.Fd, data[..(length / results.Length)], numbers, peek: false, out results.Span[0]);
        result = outcome == Outcome.Done ? 1 : 0;
        return outcome;
    }

    /// <inheritdoc/>
    public Exception CreateTimeoutException() => ReceiveTimeout.Create();

    /// <inheritdoc/>
    public Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);
}
