namespace PSFdPass;

/// <summary>What may not be done any more to a file in memory, by any of its holders (F_ADD_SEALS of fcntl(2)).</summary>
[Flags]
public enum MemoryFileSeals
{
    /// <summary>Nothing is sealed.</summary>
    None = 0,

    /// <summary>F_SEAL_SEAL: no more seals.</summary>
    Seal = 0x1,

    /// <summary>F_SEAL_SHRINK: it does not get shorter.</summary>
    Shrink = 0x2,

    /// <summary>F_SEAL_GROW: it does not get longer.</summary>
    Grow = 0x4,

    /// <summary>F_SEAL_WRITE: its content does not change.</summary>
    Write = 0x8,

    /// <summary>F_SEAL_FUTURE_WRITE: its content changes only through mappings that are there already (Linux 5.1).</summary>
    FutureWrite = 0x10,

    /// <summary>F_SEAL_EXEC: whether it may be executed does not change (Linux 6.3).</summary>
    Exec = 0x20,
}
