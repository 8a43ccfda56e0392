namespace PSFdPass;

/// <summary>
/// The kernel could not install all descriptors of a message, because this process's descriptor table is full (MSG_CTRUNC).
/// Those are gone; the data and the others are in <see cref="Received"/>.
/// </summary>
public sealed class DescriptorsLostException : IOException
{
    internal DescriptorsLostException(ReceivedMessage received)
        : base(SR.Format(SR.DescriptorsLost, received.Descriptors.Count, received.Data.Length)) =>
        Received = received;

    /// <summary>Gets the message with the descriptors that arrived. The caller must dispose it.</summary>
    public ReceivedMessage Received { get; }
}
