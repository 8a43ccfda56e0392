namespace PSFdPass.Echo;

/// <summary>The part of the echo demo that a process plays.</summary>
public enum EchoRole
{
    /// <summary>The quarterback, and a wide receiver in a separate process.</summary>
    All,

    /// <summary>Accepts users, and throws their connections to a wide receiver.</summary>
    Quarterback,

    /// <summary>Receives the connections, and echoes what the users send.</summary>
    WideReceiver,
}
