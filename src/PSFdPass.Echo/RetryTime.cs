namespace PSFdPass.Echo;

/// <summary>The time from which something may be tried again.</summary>
internal readonly struct RetryTime
{
    private readonly long _ticks;

    private RetryTime(long ticks) => _ticks = ticks;

    /// <summary>Gets a time that is never reached.</summary>
    public static RetryTime Never => new(long.MaxValue);

    /// <summary>Gets a time that has already been reached.</summary>
    public static RetryTime Now => new(long.MinValue);

    /// <summary>Gets a value indicating whether the time is never reached.</summary>
    public bool IsNever => _ticks == long.MaxValue;

    /// <summary>Gets a value indicating whether the time has been reached.</summary>
    public bool IsReached => Environment.TickCount64 >= _ticks;

    /// <summary>Gets the remaining time, as the timeout of a wait.</summary>
    public TimeSpan Left => IsNever ? Timeout.InfiniteTimeSpan
        : _ticks == long.MinValue ? TimeSpan.Zero
        : TimeSpan.FromMilliseconds(Math.Max(0, _ticks - Environment.TickCount64));

    /// <summary>Returns the time at which a pause that begins now will end.</summary>
    public static RetryTime After(TimeSpan pause) => new(Environment.TickCount64 + (long)pause.TotalMilliseconds);
}
