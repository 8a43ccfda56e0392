namespace PSFdPass.Echo;

/// <summary>
/// A quarterback's connection to this wide receiver. It counts the messages and descriptors that are ignored, because they are not users.
/// </summary>
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
    /// Records that a message or a descriptor is ignored. Returns true at most once a second, to have it logged. The others are only
    /// counted.
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

    /// <summary>Logs the number of messages and descriptors that were ignored without being logged.</summary>
    public void LogCount()
    {
        if (_unlogged > 0)
        {
            log(SR.Format(SR.IgnoredMore, _unlogged, socketName));
            _unlogged = 0;
        }
    }
}
