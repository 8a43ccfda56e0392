namespace PSFdPass.Echo;

/// <summary>A quarterback's connection to the wide receiver, and what it has sent that was not a user.</summary>
internal sealed class QuarterbackLine(FileDescriptor connection, string socketName, Action<string> log)
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(1);
    private RetryTime _logAgain = RetryTime.Now;
    private long _unlogged;

    /// <summary>Gets the connection.</summary>
    public FileDescriptor Connection => connection;

    /// <summary>Gets or sets a value indicating whether nothing is received from it for a while.</summary>
    public bool IsResting { get; set; }

    /// <summary>Gets a value indicating whether it has sent something else than users.</summary>
    public bool HasSentOther { get; private set; }

    /// <summary>
    /// Records something that is ignored. Returns true when a line about it is due: one each second, and the others are counted.
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

    /// <summary>Logs how many were ignored without a line of their own.</summary>
    public void LogCount()
    {
        if (_unlogged > 0)
        {
            log(SR.Format(SR.IgnoredMore, _unlogged, socketName));
            _unlogged = 0;
        }
    }
}
