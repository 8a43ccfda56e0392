using System.Runtime.InteropServices;
using PSFdPass.Ancillary;
using PSFdPass.Handles;

namespace PSFdPass.Facts;

/// <summary>Closes the duplicates of a message's descriptors that recvmsg(2) with MSG_PEEK has installed in this process.</summary>
internal static class PeekedDescriptors
{
    /// <summary>Closes the duplicates, and returns whether the message carries descriptors.</summary>
    /// <param name="control">The msg_controllen bytes that recvmsg(2) wrote.</param>
    /// <param name="isEmpty">False when there was a control message of any type.</param>
    public static bool Close(ReadOnlySpan<byte> control, out bool isEmpty)
    {
        bool hasDescriptors = false;
        isEmpty = true;
        foreach (ControlMessage part in new ControlMessageReader(control, in ControlMessageLayout.Current))
        {
            isEmpty = false;
            if (part.IsRights || part.IsProcessDescriptor)
            {
                hasDescriptors |= part.IsRights;
                Closing.CloseAll(MemoryMarshal.Cast<byte, int>(part.Data));
            }
        }

        return hasDescriptors;
    }
}
