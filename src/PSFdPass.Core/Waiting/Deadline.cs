namespace PSFdPass.Waiting;

/// <summary>A moment until which to wait, or none.</summary>
internal readonly struct Deadline
{
    private readonly long _end;

    private Deadline(long end) => _end = end;

    /// <summary>Waits for ever.</summary>
    public static Deadline Never => new(long.MaxValue);

    /// <summary>Whether there is an end at all.</summary>
    public bool IsNever => _end == long.MaxValue;

    /// <summary>Whether the moment has come.</summary>
    public bool HasPassed => !IsNever && Environment.TickCount64 >= _end;

    /// <summary>What is left in the form poll(2) takes: milliseconds, 0 when it is over, −1 for ever.</summary>
    public int PollMilliseconds => IsNever ? -1 : (int)Math.Clamp(_end - Environment.TickCount64, 0, int.MaxValue);

    /// <summary>Counts from now. <see cref="Timeout.InfiniteTimeSpan"/>, and any other negative time, waits for ever.</summary>
    public static Deadline After(TimeSpan timeout)
    {
        if (timeout < TimeSpan.Zero || timeout.TotalMilliseconds > long.MaxValue / 4)
        {
            return Never;
        }

        // Rounded up: to wait less than was asked is worse than to wait a millisecond more.
        return new Deadline(Environment.TickCount64 + (long)Math.Ceiling(timeout.TotalMilliseconds));
    }

    /// <summary>The earlier of two.</summary>
    public static Deadline Min(Deadline one, Deadline other) => one._end <= other._end ? one : other;
}
