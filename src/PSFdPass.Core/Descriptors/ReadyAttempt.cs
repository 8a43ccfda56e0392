using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Descriptors;

/// <summary>Waits until a descriptor is ready, or reports an error or a hang-up.</summary>
internal readonly unsafe struct ReadyAttempt(SafeHandle handle, short events, TimeSpan timeout) : IAttempt<bool>
{
    /// <inheritdoc/>
    public short Events => events;

    /// <inheritdoc/>
    public Outcome Try(out bool result)
    {
        result = true;
        using var lease = new HandleLease(handle);
        var descriptor = new Poll.PollFd { fd = lease.Fd, events = events };
        return Poll.Wait(&descriptor, 1, 0) switch
        {
            0 => Outcome.NotReady,
            > 0 => Outcome.Done,
            _ when Errno.Last == Errno.EINTR => Outcome.Again,
            _ => throw SystemCallException.FromLast("poll", $"descriptor {lease.Fd}"),
        };
    }

    /// <inheritdoc/>
    public Exception CreateTimeoutException() => new TimeoutException(
        $"The descriptor was not ready to be {(events == Poll.POLLIN ? "read" : "written")} within {timeout.TotalSeconds} seconds.");

    /// <inheritdoc/>
    public Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);
}
