namespace PSFdPass.Descriptors;

/// <summary>
/// The exception that is thrown when the next message of a socket carries descriptors, which a read would discard. The message
/// stays in the queue.
/// </summary>
internal sealed class DescriptorsPendingException(int fd) : InvalidOperationException(
    SR.Format(SR.DescriptorsPending, fd))
{
    /// <summary>Gets the number of the socket's descriptor.</summary>
    public int Fd => fd;
}
