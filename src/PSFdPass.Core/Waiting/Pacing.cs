namespace PSFdPass.Waiting;

/// <summary>
/// Decides how long a wait pauses before the next attempt, so that it does not spin where poll(2) reports ready and the call reports
/// EAGAIN each time (a datagram socket after shutdown(2)), or where nothing can be polled.
/// </summary>
internal struct Pacing
{
    // Another thread that received first looks the same once or twice.
    private const int AttemptsWithoutPause = 3;
    private const int FirstPause = 1;
    private const int LongestPause = 50;

    private int _misses;
    private int _pause;

    /// <summary>Sets a value indicating whether the last poll reported that the descriptor is ready.</summary>
    public bool WasReady
    {
        set => _misses = value ? _misses + 1 : 0;
    }

    /// <summary>Returns the pause in milliseconds; 0 for none.</summary>
    public int PauseAfter(Outcome outcome)
    {
        if (outcome == Outcome.Unavailable || (outcome == Outcome.NotReady && _misses > AttemptsWithoutPause))
        {
            // One poll after each pause shows whether the descriptor still reports ready.
            _misses = Math.Min(_misses, AttemptsWithoutPause);
            return _pause = Math.Clamp(_pause * 2, FirstPause, LongestPause);
        }

        if (_misses == 0)
        {
            _pause = 0;
        }

        return 0;
    }
}
