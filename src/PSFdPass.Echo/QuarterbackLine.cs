namespace PSFdPass.Echo;

/// <summary>A quarterback's connection to this wide receiver. It counts what the quarterback has sent other than users.</summary>
internal sealed class QuarterbackLine(FileDescriptor connection, string socketName, Action<string> log)
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(1);
    private RetryTime _logAgain = RetryTime.Now;
    private long _unlogged;

    /// <summary>Gets the connection.</summary>
    public FileDescriptor Connection => connection;

    /// <summary>Gets or sets a value indicating whether receiving from the quarterback is paused.</summary>
    public bool IsResting { get; set; }

    /// <summary>Gets a value indicating whether the quarterback has sent anything other than users.</summary>
    public bool HasSentOther { get; private set; }

    /// <summary>
    /// Records something that is ignored. Returns true when it is to be logged, which is at most once a second. The others are counted.
    /// </summary>
    public bool IsLineDue()
    {
        HasSentOther = true;
        if (!_logAgain.IsReached)
        {
            _unlogged++;
            return false;
        }

        LogCount();
        _logAgain = RetryTime.After(BetweenLines);
        return true;
    }

    /// <summary>Logs how many were ignored without being logged.</summary>
    public void LogCount()
    {
        if (_unlogged > 0)
        {
            log(SR.Format(SR.IgnoredMore, _unlogged, socketName));
            _unlogged = 0;
        }
    }
}
