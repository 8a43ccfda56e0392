using PSFdPass.Interop;

namespace PSFdPass.Waiting;

/// <summary>
/// Decides how long a wait pauses before the next attempt. Without pauses, the wait would spin when poll(2) reports the descriptor
/// as ready but the call fails with EAGAIN each time (a datagram socket after shutdown(2)), when nothing can be polled, or when
/// each call is interrupted.
/// </summary>
internal struct Pacing
{
    /// <summary>
    /// The number of times in succession that a call is repeated immediately after a signal. Even with thousands of signals a
    /// second, more than one or two interruptions in succession are rare.
    /// </summary>
    public const int MaxInterruptions = 20;

    // The number of polls in succession that report the descriptor as ready while the call fails with EAGAIN. One or two are
    // normal: another thread received the data first.
    private const int AttemptsWithoutPause = 3;
    private const int FirstPause = 1;
    private const int LongestPause = 50;

    private int _misses;
    private int _interruptions;
    private int _pause;

    /// <summary>Sets a value indicating whether the last poll reported that the descriptor is ready.</summary>
    public bool WasReady
    {
        set => _misses = value ? _misses + 1 : 0;
    }

    /// <summary>Throws an exception if an operation that never waits has been interrupted too many times in succession.</summary>
    /// <exception cref="SystemCallException">Thrown when there were too many interruptions (EINTR).</exception>
    public static void ThrowIfEndless(ref int interruptions, string call)
    {
        if (++interruptions > MaxInterruptions)
        {
            throw new SystemCallException(call, Errno.EINTR);
        }
    }

    /// <summary>Returns the pause before the next attempt, in milliseconds; 0 for none.</summary>
    public int PauseAfter(Outcome outcome)
    {
        if (outcome == Outcome.Partial)
        {
            // The operation makes progress, so the descriptor was correctly reported as ready.
            this = default;
            return 0;
        }

        _interruptions = outcome == Outcome.Again ? _interruptions + 1 : 0;
        if (outcome == Outcome.Unavailable || _interruptions > MaxInterruptions || (outcome == Outcome.NotReady && _misses > AttemptsWithoutPause))
        {
            // One poll after each pause shows whether the descriptor is still reported as ready.
            _misses = Math.Min(_misses, AttemptsWithoutPause);
            return _pause = Math.Clamp(_pause * 2, FirstPause, LongestPause);
        }

        if (_misses == 0 && _interruptions == 0)
        {
            _pause = 0;
        }

        return 0;
    }
}
