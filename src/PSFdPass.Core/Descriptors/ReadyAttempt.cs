using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Descriptors;

/// <summary>
/// Waits until poll(2) reports that a descriptor is ready, or has an error or a hang-up. The wait also ends when another handle, which
/// is needed afterwards, is closed.
/// </summary>
internal readonly unsafe struct ReadyAttempt(SafeHandle handle, SafeHandle other, short events, TimeSpan timeout) : IAttempt<bool>
{
    /// <inheritdoc/>
    public short Events => events;

    /// <inheritdoc/>
    public Outcome Try(out bool result)
    {
        result = true;
        if (WaitLoop.IsClosed(other))
        {
            throw new ObjectDisposedException(null, SR.DescriptorClosedDuringWait);
        }

        using var lease = new HandleLease(handle);
        var descriptor = new Poll.PollFd { fd = lease.Fd, events = events };
        return Poll.Wait(&descriptor, 1, 0) switch
        {
            0 => Outcome.NotReady,
            > 0 => Outcome.Done,
            _ when Errno.Last == Errno.EINTR => Outcome.Again,
            _ => throw SystemCallException.FromLast("poll", lease.Fd),
        };
    }

    /// <inheritdoc/>
    public Exception CreateTimeoutException() => new TimeoutException(
        SR.Format(events == Poll.POLLIN ? SR.NotReadableInTime : SR.NotWritableInTime, timeout.TotalSeconds));

    /// <inheritdoc/>
    public Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);
}
