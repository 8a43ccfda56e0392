using PSFdPass.Binding;

namespace PSFdPass;

/// <summary>The exception that is thrown when a message arrives without a descriptor. The message is in <see cref="Received"/>.</summary>
public sealed class NoDescriptorException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="received">The message.</param>
    public NoDescriptorException(ReceivedMessage received)
        : base(SR.Format(SR.NoDescriptor, Quantity.OfBytes(received.Data.Length))) => Received = received;

    /// <summary>Gets the message that arrived.</summary>
    public ReceivedMessage Received { get; }
}
