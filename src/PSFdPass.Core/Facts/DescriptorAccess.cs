namespace PSFdPass;

/// <summary>Specifies the access mode that a descriptor was opened with (open(2)).</summary>
public enum DescriptorAccess
{
    /// <summary>Neither reading nor writing: the descriptor was opened with O_PATH, or is closed.</summary>
    None,

    /// <summary>O_RDONLY: reading.</summary>
    Read,

    /// <summary>O_WRONLY: writing.</summary>
    Write,

    /// <summary>O_RDWR: reading and writing. Sockets always have both.</summary>
    ReadWrite,
}
