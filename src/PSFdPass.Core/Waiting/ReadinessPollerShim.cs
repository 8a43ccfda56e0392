using System.Runtime.InteropServices;

namespace PSFdPass.Waiting;

internal static class ReadinessPollerShim
{
    // Removed with its last callers.
    public static async Task<bool> UntilAsync(SafeHandle handle, short events, Deadline deadline, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        bool isReady = await ReadinessPoller.WaitAsync(handle, events, deadline.PollMilliseconds, cancellation).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(WaitLoop.IsClosed(handle), handle);
        return isReady;
    }
}
