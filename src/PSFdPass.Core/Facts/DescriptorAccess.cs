namespace PSFdPass;

/// <summary>What a descriptor allows: the access mode it was opened with (open(2)).</summary>
public enum DescriptorAccess
{
    /// <summary>Neither: opened with O_PATH, or closed.</summary>
    None,

    /// <summary>O_RDONLY.</summary>
    Read,

    /// <summary>O_WRONLY.</summary>
    Write,

    /// <summary>O_RDWR; sockets are always both.</summary>
    ReadWrite,
}
