namespace PSFdPass;

/// <summary>The result of one recvmsg(2) into the caller's buffers.</summary>
public readonly record struct ReceiveResult
{
    /// <summary>Gets the number of bytes written to the caller's buffer.</summary>
    public int Bytes { get; init; }

    /// <summary>Gets the length of the packet, which is larger than <see cref="Bytes"/> if the packet was truncated.</summary>
    public int FullLength { get; init; }

    /// <summary>Gets the number of descriptors whose numbers were written to the caller's span. The caller must close them.</summary>
    public int Descriptors { get; init; }

    /// <summary>Gets the number of descriptors that arrived but did not fit in the caller's span, and were closed.</summary>
    public int DescriptorsClosed { get; init; }

    /// <summary>Gets the flags of the message, which show whether anything was truncated.</summary>
    public MessageFlags Flags { get; init; }

    /// <summary>Gets the sender if SO_PASSCRED is set on the socket; otherwise null.</summary>
    public MessageCredentials? Credentials { get; init; }

    /// <summary>Gets a value indicating whether the peer has closed its end and everything that it sent has been received.</summary>
    public bool IsEndOfStream { get; init; }
}
