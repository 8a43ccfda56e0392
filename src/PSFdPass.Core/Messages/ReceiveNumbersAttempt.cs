using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Messages;

/// <summary>Receives one message into buffers that the caller keeps pinned.</summary>
internal readonly unsafe struct ReceiveNumbersAttempt(SafeHandle socket, byte* buffer, int length, int* descriptors, int count)
    : IAttempt<ReceiveResult>
{
    /// <inheritdoc/>
    public short Events => Poll.POLLIN;

    /// <inheritdoc/>
    public Outcome Try(out ReceiveResult result)
    {
        using var lease = new HandleLease(socket);
        _ = LastSocket.TypeOf(socket, lease.Fd);
        return ReceiveOnce.Try(lease.Fd, new Span<byte>(buffer, length), new Span<int>(descriptors, count), peek: false, out result);
    }

    /// <inheritdoc/>
    public Exception CreateTimeoutException() => ReceiveTimeout.Create();

    /// <inheritdoc/>
    public Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);
}
