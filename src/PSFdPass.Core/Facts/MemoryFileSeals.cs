namespace PSFdPass;

/// <summary>Specifies the operations that are no longer allowed on a memory file, for any process that has it (F_ADD_SEALS of fcntl(2)).</summary>
[Flags]
public enum MemoryFileSeals
{
    /// <summary>No operation is sealed.</summary>
    None = 0,

    /// <summary>F_SEAL_SEAL: no seal can be added.</summary>
    Seal = 0x1,

    /// <summary>F_SEAL_SHRINK: the size can't be reduced.</summary>
    Shrink = 0x2,

    /// <summary>F_SEAL_GROW: the size can't be increased.</summary>
    Grow = 0x4,

    /// <summary>F_SEAL_WRITE: the content can't be changed.</summary>
    Write = 0x8,

    /// <summary>
    /// F_SEAL_FUTURE_WRITE: the content can be changed only through mappings that existed before the seal was added (Linux 5.1).
    /// </summary>
    FutureWrite = 0x10,

    /// <summary>F_SEAL_EXEC: the execute permissions can't be changed (Linux 6.3).</summary>
    Exec = 0x20,
}
