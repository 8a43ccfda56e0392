namespace PSFdPass.Waiting;

/// <summary>The time at which a wait ends, if it has a limit.</summary>
internal readonly struct Deadline
{
    private readonly long _end;

    private Deadline(long end) => _end = end;

    /// <summary>Gets a deadline that is never reached.</summary>
    public static Deadline Never => new(long.MaxValue);

    /// <summary>Gets a value indicating whether the deadline is never reached.</summary>
    public bool IsNever => _end == long.MaxValue;

    /// <summary>Gets a value indicating whether the deadline has been reached.</summary>
    public bool HasPassed => !IsNever && Environment.TickCount64 >= _end;

    /// <summary>Gets the remaining time in milliseconds, as poll(2) expects it: 0 when the deadline has been reached, -1 for no limit.</summary>
    public int PollMilliseconds => IsNever ? -1 : (int)Math.Clamp(_end - Environment.TickCount64, 0, int.MaxValue);

    /// <summary>Returns the deadline for a timeout that starts now.</summary>
    /// <param name="timeout">The timeout, which is rounded up to milliseconds; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// Thrown when the timeout is negative and not <see cref="Timeout.InfiniteTimeSpan"/>.
    /// </exception>
    public static Deadline After(TimeSpan timeout)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            return Never;
        }

        if (timeout < TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, SR.TimeoutNegative);
        }

        return timeout.TotalMilliseconds > long.MaxValue / 4
            ? Never
            : new Deadline(Environment.TickCount64 + (long)Math.Ceiling(timeout.TotalMilliseconds));
    }

    /// <summary>Returns the earlier of two deadlines.</summary>
    public static Deadline Min(Deadline one, Deadline other) => one._end <= other._end ? one : other;

    /// <summary>Returns the remaining time in milliseconds, or <paramref name="milliseconds"/> if that is shorter.</summary>
    public int AtMost(int milliseconds) => IsNever ? milliseconds : Math.Min(PollMilliseconds, milliseconds);
}
