namespace PSFdPass;

/// <summary>The reason for a <see cref="SocketTakeoverException"/>.</summary>
public enum SocketTakeoverError
{
    /// <summary>
    /// The running server refused, because another takeover is in progress, or because the two processes run as different users.
    /// </summary>
    Refused,

    /// <summary>The running server has given up waiting for the successor, and continues to serve. The successor must not serve.</summary>
    GivenUp,

    /// <summary>
    /// The running server ended before the takeover was complete. The successor may serve with the descriptors that it has
    /// received, because no other process serves with them.
    /// </summary>
    ServerEnded,

    /// <summary>The other process does not follow the protocol, or uses another version of it.</summary>
    Protocol,
}
