using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Descriptors;

/// <summary>
/// Writes a whole buffer at the shared offset, in parts and without blocking. The caller must have pinned the buffer.
/// </summary>
internal unsafe struct StreamWrite(SafeHandle handle, byte* buffer, int length, StreamMode mode, TimeSpan timeout) : IAttempt<int>
{
    private int _written;

    /// <summary>Gets the number of bytes that were written, even after an exception.</summary>
    public readonly int Written => _written;

    /// <inheritdoc/>
    public readonly short Events => Poll.POLLOUT;

    /// <inheritdoc/>
    public Outcome Try(out int result)
    {
        result = length;
        using var lease = new HandleLease(handle);
        Outcome outcome = mode.Write(lease.Fd, buffer + _written, length - _written, out int count);
        _written += count;
        return outcome == Outcome.Done && _written < length ? Outcome.Partial : outcome;
    }

    /// <inheritdoc/>
    public readonly Exception CreateTimeoutException() => new TimeoutException(
        SR.Format(SR.WriteTimedOut, _written, length, timeout.TotalSeconds));

    /// <inheritdoc/>
    public readonly Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(
        SR.Format(SR.WriteCanceled, _written, length), cancellationToken);
}
