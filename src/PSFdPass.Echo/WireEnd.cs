namespace PSFdPass.Echo;

/// <summary>The way in which a wide receiver has closed the wire.</summary>
internal enum WireEnd
{
    /// <summary>The wire is open.</summary>
    None,

    /// <summary>Everything had been received (end of file).</summary>
    Closed,

    /// <summary>Something had not been received, and is lost with the wire (ECONNRESET).</summary>
    Reset,
}
