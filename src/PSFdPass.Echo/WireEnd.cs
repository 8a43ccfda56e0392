namespace PSFdPass.Echo;

/// <summary>Indicates whether a wide receiver has closed the wire, and whether messages were lost.</summary>
internal enum WireEnd
{
    /// <summary>The wire is open.</summary>
    None,

    /// <summary>The wire is closed, and all messages had been received (end of file).</summary>
    Closed,

    /// <summary>The wire is closed. Messages that had not been received are lost (ECONNRESET).</summary>
    Reset,
}
