namespace PSFdPass.Echo;

/// <summary>Which part of the echo demo a process plays.</summary>
public enum EchoRole
{
    /// <summary>The quarterback, with a wide receiver in a process of its own.</summary>
    All,

    /// <summary>Accepts users, and throws their connections to a wide receiver.</summary>
    Quarterback,

    /// <summary>Takes the connections, and echoes.</summary>
    WideReceiver,
}
