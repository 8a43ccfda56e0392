namespace PSFdPass.Echo;

/// <summary>The reason why a quarterback closes its copy of a user's connection.</summary>
internal enum UserEnd
{
    /// <summary>The wide receiver has its own copy, or the quarterback has stopped.</summary>
    Closed,

    /// <summary>The user has disconnected.</summary>
    Gone,

    /// <summary>Two wide receivers have died while the user, already a suspect, was alone on the wire.</summary>
    Fatal,
}
