using PSFdPass.Messages;

namespace PSFdPass;

/// <summary>
/// The exception that is thrown when a send did not complete within its timeout, because the receiver's queue was full. The
/// properties report the part that has already been sent, which the receiver will get.
/// </summary>
public sealed class SendTimeoutException : TimeoutException
{
    internal SendTimeoutException(in SendProgress progress)
        : base(SR.Format(SR.SendTimedOut, progress))
    {
        MessagesSent = progress.Messages;
        DescriptorsSent = progress.Descriptors;
        BytesSent = progress.Bytes;
    }

    /// <summary>Gets the number of messages that were sent whole.</summary>
    public int MessagesSent { get; }

    /// <summary>Gets the number of descriptors that were sent.</summary>
    public int DescriptorsSent { get; }

    /// <summary>Gets the number of bytes that were sent.</summary>
    public int BytesSent { get; }
}
