namespace PSFdPass;

/// <summary>The flags of a received message (recvmsg(2)).</summary>
[Flags]
public enum MessageFlags
{
    /// <summary>Nothing was truncated.</summary>
    None = 0,

    /// <summary>MSG_TRUNC: the packet was longer than the buffer, and the bytes that did not fit were discarded.</summary>
    DataTruncated = 1,

    /// <summary>MSG_CTRUNC: descriptors were lost, because the descriptor table of this process was full.</summary>
    DescriptorsTruncated = 2,
}
