namespace PSFdPass;

/// <summary>
/// The exception that is thrown when the kernel could not install all the descriptors of a message, because this process's
/// descriptor table was full (MSG_CTRUNC). The data and the descriptors that arrived are in <see cref="Received"/>; the other
/// descriptors are lost.
/// </summary>
public sealed class DescriptorsLostException : IOException
{
    internal DescriptorsLostException(ReceivedMessage received)
        : base(SR.Format(SR.DescriptorsLost, received.Descriptors.Count, received.Data.Length)) =>
        Received = received;

    /// <summary>Gets the message with the descriptors that arrived. The caller must dispose it.</summary>
    public ReceivedMessage Received { get; }
}
