namespace PSFdPass;

/// <summary>The exception that is thrown when a takeover did not take place.</summary>
public sealed class SocketTakeoverException : IOException
{
    internal SocketTakeoverException(SocketTakeoverError reason, string message, Exception? inner = null)
        : base(message, inner) => Reason = reason;

    /// <summary>Gets the reason why the takeover did not take place.</summary>
    public SocketTakeoverError Reason { get; }
}
