namespace PSFdPass.Echo;

/// <summary>The reason why a quarterback closes its copy of a user's connection.</summary>
internal enum UserEnd
{
    /// <summary>The wide receiver has its own copy, or the quarterback stops.</summary>
    Closed,

    /// <summary>The user has disconnected.</summary>
    Gone,

    /// <summary>Every wide receiver that received the connection has ended.</summary>
    Fatal,
}
