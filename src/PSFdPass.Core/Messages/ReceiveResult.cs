namespace PSFdPass;

/// <summary>What one recvmsg(2) brought into the caller's buffers.</summary>
public readonly record struct ReceiveResult
{
    /// <summary>Bytes written to the caller's buffer.</summary>
    public int Bytes { get; init; }

    /// <summary>Bytes of the packet, which is more than <see cref="Bytes"/> when it was truncated.</summary>
    public int FullLength { get; init; }

    /// <summary>Gets the number of descriptors whose numbers were written to the caller's span. The caller must close them.</summary>
    public int Descriptors { get; init; }

    /// <summary>Descriptors that came as well, had no room in the caller's span and were closed.</summary>
    public int DescriptorsClosed { get; init; }

    /// <summary>Gets a value indicating whether anything was truncated.</summary>
    public MessageFlags Flags { get; init; }

    /// <summary>Who sent it, if the socket has SO_PASSCRED on.</summary>
    public MessageCredentials? Credentials { get; init; }

    /// <summary>The peer has closed its end and everything it sent has been received.</summary>
    public bool IsEndOfStream { get; init; }
}
