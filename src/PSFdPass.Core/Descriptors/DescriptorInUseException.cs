namespace PSFdPass;

/// <summary>A descriptor was not closed or replaced, because something else needs it. Force does it all the same.</summary>
public sealed class DescriptorInUseException : InvalidOperationException
{
    internal DescriptorInUseException(int fd, string message)
        : base(message) => Fd = fd;

    /// <summary>The descriptor's number.</summary>
    public int Fd { get; }
}
