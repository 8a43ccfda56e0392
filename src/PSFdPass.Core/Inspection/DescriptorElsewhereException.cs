namespace PSFdPass;

/// <summary>A <see cref="DescriptorInfo"/> describes a descriptor of another process, whose number means nothing in this one.</summary>
public sealed class DescriptorElsewhereException : ArgumentException
{
    internal DescriptorElsewhereException(DescriptorInfo info)
        : base($"Descriptor {info.Fd} is one of process {info.ProcessId}: a process can only use, and close, its own.")
    {
    }
}
