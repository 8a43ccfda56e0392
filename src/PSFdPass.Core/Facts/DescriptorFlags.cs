namespace PSFdPass;

/// <summary>Flags of a descriptor (F_GETFD) and of the open file description behind it (F_GETFL), see fcntl(2).</summary>
[Flags]
public enum DescriptorFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>FD_CLOEXEC: a program that this process starts does not inherit it. The descriptor's own.</summary>
    CloseOnExec = 1,

    /// <summary>O_NONBLOCK: reads and writes fail instead of waiting. Shared with every holder of the same description.</summary>
    NonBlocking = 2,

    /// <summary>O_APPEND: each write goes to the end of the file. Shared with every holder of the same description.</summary>
    Append = 4,

    /// <summary>O_PATH: it stands for a place in the file system, and can't be read or written.</summary>
    PathOnly = 8,
}
