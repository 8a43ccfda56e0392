namespace PSFdPass;

/// <summary>
/// The exception that is thrown when a <see cref="DescriptorInfo"/> describes a descriptor of another process, but one of this process is
/// required.
/// </summary>
public sealed class DescriptorElsewhereException : ArgumentException
{
    internal DescriptorElsewhereException(DescriptorInfo info)
        : base(SR.Format(SR.DescriptorElsewhere, info.Fd, info.ProcessId))
    {
        ProcessId = info.ProcessId;
        Fd = info.Fd;
    }

    /// <summary>Gets the ID of the process that the descriptor belongs to.</summary>
    public int ProcessId { get; }

    /// <summary>Gets the descriptor's number in that process.</summary>
    public int Fd { get; }
}
