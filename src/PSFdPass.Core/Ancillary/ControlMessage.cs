namespace PSFdPass.Ancillary;

/// <summary>One control message: its level, its type and its data, without the padding.</summary>
internal readonly ref struct ControlMessage
{
    private readonly ref readonly ControlMessageLayout _layout;

    internal ControlMessage(int level, int type, ReadOnlySpan<byte> data, ref readonly ControlMessageLayout layout)
    {
        Level = level;
        Type = type;
        Data = data;
        _layout = ref layout;
    }

    /// <summary>cmsg_level.</summary>
    public int Level { get; }

    /// <summary>cmsg_type.</summary>
    public int Type { get; }

    /// <summary>The data, which stays in the buffer that was read.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>SCM_RIGHTS: the data is descriptor numbers, four bytes each.</summary>
    public bool IsRights => Level == _layout.SolSocket && Type == ControlMessageLayout.ScmRights;

    /// <summary>SCM_CREDENTIALS: the data is a <c>struct ucred</c>, and all of it is there.</summary>
    public bool IsCredentials => Level == _layout.SolSocket && Type == _layout.ScmCredentials && Data.Length >= 12;

    /// <summary>SCM_PIDFD: the data is the number of a process descriptor.</summary>
    public bool IsProcessDescriptor => Level == _layout.SolSocket && Type == _layout.ScmPidFd;
}
