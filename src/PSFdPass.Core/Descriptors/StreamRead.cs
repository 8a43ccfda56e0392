using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Descriptors;

/// <summary>
/// Reads available data at the shared offset, without blocking, into memory that the caller must have pinned. The result is 0 at
/// end of file.
/// </summary>
internal unsafe struct StreamRead(SafeHandle handle, byte* buffer, int length, StreamMode mode, TimeSpan timeout) : IAttempt<int>
{
    /// <inheritdoc/>
    public readonly short Events => Poll.POLLIN;

    /// <inheritdoc/>
    public readonly Outcome Try(out int result)
    {
        using var lease = new HandleLease(handle);
        return mode.Read(lease.Fd, buffer, length, out result);
    }

    /// <inheritdoc/>
    public readonly Exception CreateTimeoutException() => new TimeoutException(SR.Format(SR.ReadTimedOut, timeout.TotalSeconds));

    /// <inheritdoc/>
    public readonly Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);
}
