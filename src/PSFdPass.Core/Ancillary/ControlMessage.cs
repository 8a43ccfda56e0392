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

    /// <summary>Gets the level of the message (cmsg_level).</summary>
    public int Level { get; }

    /// <summary>Gets the type of the message (cmsg_type), whose meaning depends on the level.</summary>
    public int Type { get; }

    /// <summary>Gets the data: a part of the buffer from which the message was read, not a copy.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Gets a value indicating whether the data consists of descriptor numbers, four bytes each (SCM_RIGHTS).</summary>
    public bool IsRights => Level == _layout.SolSocket && Type == ControlMessageLayout.ScmRights;

    /// <summary>Gets a value indicating whether the data is a complete <c>struct ucred</c> (SCM_CREDENTIALS).</summary>
    public bool IsCredentials => Level == _layout.SolSocket && Type == _layout.ScmCredentials && Data.Length >= 12;

    /// <summary>Gets a value indicating whether the data is the number of a process descriptor (SCM_PIDFD).</summary>
    public bool IsProcessDescriptor => Level == _layout.SolSocket && Type == _layout.ScmPidFd;
}
