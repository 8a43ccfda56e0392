namespace PSFdPass.Messages;

/// <summary>The part of a send that the kernel has accepted.</summary>
/// <param name="Messages">The number of messages that were sent whole.</param>
/// <param name="Descriptors">The number of descriptors that were sent.</param>
/// <param name="Bytes">The number of bytes that were sent.</param>
/// <param name="DescriptorsLeft">The number of descriptors that were not sent.</param>
/// <param name="BytesLeft">The number of bytes that were not sent.</param>
internal readonly record struct SendProgress(int Messages, int Descriptors, int Bytes, int DescriptorsLeft, int BytesLeft)
{
    /// <summary>Returns a sentence that reports the progress, such as <c>253 of 600 descriptors and 1 of 3 bytes were sent.</c></summary>
    public override string ToString()
    {
        int descriptors = Descriptors + DescriptorsLeft;
        int bytes = Bytes + BytesLeft;
        return descriptors == 0
            ? SR.Format(SR.SendProgressBytes, Bytes, bytes)
            : SR.Format(SR.SendProgress, Descriptors, descriptors, Bytes, bytes);
    }
}
