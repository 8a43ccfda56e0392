namespace PSFdPass;

/// <summary>The exception for a takeover that did not take place.</summary>
public sealed class SocketTakeoverException : IOException
{
    internal SocketTakeoverException(SocketTakeoverError reason, string message, Exception? inner = null)
        : base(message, inner) => Reason = reason;

    /// <summary>Gets the reason.</summary>
    public SocketTakeoverError Reason { get; }
}
