using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Waiting;

/// <summary>
/// Contains the loop in which every synchronous or asynchronous operation waits. The loop tries the operation without blocking. If
/// the operation would block, the loop waits until the descriptor is ready, or pauses if nothing can be polled, and tries again.
/// After each failed attempt, it checks, in this order, whether the handle was closed by another thread, whether the wait was
/// canceled, and whether the deadline was reached. A canceled wait is not followed by another attempt, which could remove a message
/// from a queue although the caller no longer waits for it.
/// </summary>
/// <remarks>
/// A wait does not hold a reference to the caller's handle, so disposing the handle closes its number at once. The number itself is
/// polled, for at most <see cref="SliceMilliseconds"/> at a time. If the number is closed and reused, this is detected at the end
/// of that time; until then, the poll in progress still refers to the old file.
/// </remarks>
internal static class WaitLoop
{
    /// <summary>The longest time between two checks of whether the handle has been closed, in milliseconds.</summary>
    public const int SliceMilliseconds = 100;

    // Some 0.1 ms: the time in which calls of other threads release a handle, so that it is closed. A peer can cause this pause with each
    // connection that it resets, so it must be short.
    private const int DisconnectingSpins = 50;

    /// <summary>Completes an operation, blocking the calling thread while it waits.</summary>
    /// <param name="attempt">The operation, which is tried again after each wait.</param>
    /// <param name="handle">The handle to poll; null for an operation that only pauses.</param>
    /// <param name="deadline">The time at which the wait ends.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TResult Run<TAttempt, TResult>(
        ref TAttempt attempt, SafeHandle? handle, Deadline deadline, CancellationToken cancellationToken)
        where TAttempt : struct, IAttempt<TResult>
    {
        cancellationToken.ThrowIfCancellationRequested();
        Outcome outcome = Try(ref attempt, handle, out TResult result);
        return outcome == Outcome.Done ? result : Continue<TAttempt, TResult>(ref attempt, outcome, handle, deadline, cancellationToken);
    }

    /// <summary>Completes an operation without blocking a thread while it waits.</summary>
    /// <inheritdoc cref="Run"/>
    public static async ValueTask<TResult> RunAsync<TAttempt, TResult>(
        TAttempt attempt, SafeHandle? handle, Deadline deadline, CancellationToken cancellationToken)
        where TAttempt : IAttempt<TResult>
    {
        cancellationToken.ThrowIfCancellationRequested();
        var pacing = default(Pacing);
        while (true)
        {
            Outcome outcome = Try(ref attempt, handle, out TResult result);
            if (outcome == Outcome.Done)
            {
                return result;
            }

            ThrowIfEnded<TAttempt, TResult>(ref attempt, handle, deadline, cancellationToken);
            int pause = pacing.PauseAfter(outcome);
            if (pause > 0)
            {
                await ReadinessPoller.WaitAsync(handle, 0, deadline.AtMost(pause), cancellationToken).ConfigureAwait(false);
            }
            else if (outcome == Outcome.NotReady)
            {
                pacing.WasReady = await ReadinessPoller.WaitAsync(
                    handle, attempt.Events, deadline.PollMilliseconds, cancellationToken).ConfigureAwait(false);
            }

            if (cancellationToken.IsCancellationRequested)
            {
                ThrowIfEnded<TAttempt, TResult>(ref attempt, handle, deadline, cancellationToken);
            }
        }
    }

    /// <summary>Returns whether a handle has been closed, either by disposing it or by closing its number.</summary>
    public static bool IsClosed(SafeHandle? handle) =>
        handle is not null && (handle.IsClosed || handle is SafeDescriptorHandle { IsUsable: false });

    private static TResult Continue<TAttempt, TResult>(
        ref TAttempt attempt, Outcome outcome, SafeHandle? handle, Deadline deadline, CancellationToken cancellationToken)
        where TAttempt : struct, IAttempt<TResult>
    {
        var pacing = default(Pacing);
        using var wait = new ThreadWait(handle, cancellationToken);
        while (true)
        {
            ThrowIfEnded<TAttempt, TResult>(ref attempt, handle, deadline, cancellationToken);
            int pause = pacing.PauseAfter(outcome);
            if (pause > 0)
            {
                wait.For(0, deadline.AtMost(pause));
            }
            else if (outcome == Outcome.NotReady)
            {
                pacing.WasReady = wait.For(attempt.Events, deadline.AtMost(SliceMilliseconds));
            }

            if (cancellationToken.IsCancellationRequested)
            {
                ThrowIfEnded<TAttempt, TResult>(ref attempt, handle, deadline, cancellationToken);
            }

            outcome = Try(ref attempt, handle, out TResult result);
            if (outcome == Outcome.Done)
            {
                return result;
            }
        }
    }

    // Socket.Dispose disconnects the socket before it closes the handle if a call still uses the handle. An attempt that fails for this
    // reason ends as if it had started after the disposal.
    private static Outcome Try<TAttempt, TResult>(ref TAttempt attempt, SafeHandle? handle, out TResult result)
        where TAttempt : IAttempt<TResult>
    {
        try
        {
            return attempt.Try(out result);
        }
        catch (SystemCallException exception) when (handle is SafeSocketHandle && IsCausedByDisconnecting(exception.Errno))
        {
            if (HasClosed(handle))
            {
                throw new ObjectDisposedException(null, SR.DescriptorClosedDuringWait);
            }

            throw;
        }
    }

    private static bool HasClosed(SafeHandle handle)
    {
        var spin = default(SpinWait);
        while (!handle.IsClosed && spin.Count < DisconnectingSpins)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }

        return handle.IsClosed;
    }

    private static bool IsCausedByDisconnecting(int errno) =>
        errno is Errno.EPIPE or Errno.EINVAL || errno == Errno.ECONNRESET || errno == Errno.ENOTCONN;

    private static void ThrowIfEnded<TAttempt, TResult>(
        ref TAttempt attempt, SafeHandle? handle, Deadline deadline, CancellationToken cancellationToken)
        where TAttempt : IAttempt<TResult>
    {
        if (IsClosed(handle))
        {
            throw new ObjectDisposedException(null, SR.DescriptorClosedDuringWait);
        }

        if (cancellationToken.IsCancellationRequested)
        {
            throw attempt.CreateCanceledException(cancellationToken);
        }

        if (deadline.HasPassed)
        {
            throw attempt.CreateTimeoutException();
        }
    }
}
