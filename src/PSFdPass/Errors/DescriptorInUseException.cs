namespace PSFdPass;

/// <summary>The exception that is thrown when a descriptor number is not closed or replaced, because it is in use.</summary>
public sealed class DescriptorInUseException : InvalidOperationException
{
    internal DescriptorInUseException(int fd, string message, Exception? inner = null)
        : base(message, inner) => Fd = fd;

    /// <summary>Gets the descriptor's number.</summary>
    public int Fd { get; }
}
