namespace PSFdPass;

/// <summary>The exception for a number that was not closed or replaced, because it is in use.</summary>
public sealed class DescriptorInUseException : InvalidOperationException
{
    internal DescriptorInUseException(int fd, string message, Exception? inner = null)
        : base(message, inner) => Fd = fd;

    /// <summary>Gets the descriptor's number.</summary>
    public int Fd { get; }
}
