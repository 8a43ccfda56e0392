namespace PSFdPass.Messages;

/// <summary>The part of a send that the kernel has accepted.</summary>
/// <param name="Messages">Messages that were sent whole.</param>
/// <param name="Descriptors">Descriptors that were sent.</param>
/// <param name="Bytes">Bytes that were sent.</param>
/// <param name="DescriptorsLeft">Descriptors that were not sent.</param>
/// <param name="BytesLeft">Bytes that were not sent.</param>
internal readonly record struct SendProgress(int Messages, int Descriptors, int Bytes, int DescriptorsLeft, int BytesLeft)
{
    /// <summary>One sentence about it, such as <c>253 of 600 descriptors and 1 of 3 bytes were sent.</c></summary>
    public override string ToString()
    {
        int descriptors = Descriptors + DescriptorsLeft;
        int bytes = Bytes + BytesLeft;
        string ofBytes = $"{Bytes} of {bytes} {(bytes == 1 ? "byte" : "bytes")}";
        string all = descriptors == 0
            ? ofBytes
            : $"{Descriptors} of {descriptors} {(descriptors == 1 ? "descriptor" : "descriptors")} and {ofBytes}";
        return $"{all} were sent.";
    }
}
