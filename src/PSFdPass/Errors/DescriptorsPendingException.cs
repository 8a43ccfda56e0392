namespace PSFdPass;

/// <summary>
/// The exception that is thrown when the next message of a socket carries descriptors, which a read would discard. The message is still in
/// the queue.
/// </summary>
public sealed class DescriptorsPendingException : InvalidOperationException
{
    internal DescriptorsPendingException(Descriptors.DescriptorsPendingException inner)
        : base(inner.Message, inner) => Fd = inner.Fd;

    /// <summary>Gets the number of the socket's descriptor.</summary>
    public int Fd { get; }
}
