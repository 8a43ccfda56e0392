namespace PSFdPass;

/// <summary>
/// Specifies the flags of a descriptor (F_GETFD) and of its open file description (F_GETFL). Both are described in fcntl(2).
/// </summary>
[Flags]
public enum DescriptorFlags
{
    /// <summary>No flag is set.</summary>
    None = 0,

    /// <summary>
    /// FD_CLOEXEC: programs that this process starts do not inherit the descriptor. Each descriptor has its own flag.
    /// </summary>
    CloseOnExec = 1,

    /// <summary>
    /// O_NONBLOCK: reads and writes fail instead of waiting. All descriptors that refer to the open file description share the
    /// flag.
    /// </summary>
    NonBlocking = 2,

    /// <summary>
    /// O_APPEND: each write appends to the end of the file. All descriptors that refer to the open file description share the flag.
    /// </summary>
    Append = 4,

    /// <summary>O_PATH: the descriptor represents a location in the file system, and can't be read or written.</summary>
    PathOnly = 8,
}
