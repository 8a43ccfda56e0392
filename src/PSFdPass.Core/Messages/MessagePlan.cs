using System.Net.Sockets;

namespace PSFdPass.Messages;

/// <summary>
/// Determines which bytes are sent with which descriptors when one message can't carry them all. On a stream, every message needs a
/// byte, so each message after the first has one of the last bytes of the data, and the first message has all the bytes before
/// them. On packet sockets, the first packet has the data, and the packets after it are empty.
/// </summary>
internal readonly struct MessagePlan
{
    private readonly bool _isStream;

    private MessagePlan(bool isStream) => _isStream = isStream;

    /// <summary>Returns whether one message can carry these numbers of bytes and descriptors on a socket of any type.</summary>
    public static bool IsOneMessage(int bytes, int descriptors) => bytes > 0 && descriptors <= DescriptorSender.MaxDescriptorsPerMessage;

    /// <summary>Returns the plan for a socket of the specified type.</summary>
    /// <exception cref="ArgumentException">Thrown when there is nothing to send, or too little data for a stream.</exception>
    public static MessagePlan For(SocketType type, int bytes, int descriptors)
    {
        if (bytes == 0 && descriptors == 0)
        {
            throw new ArgumentException(SR.SendEmpty);
        }

        int messages = Messages(descriptors);
        bool isStream = type == SocketType.Stream;
        if (isStream && bytes < messages)
        {
            throw new ArgumentException(
                SR.Format(SR.SendDataTooShort, DescriptorSender.MaxDescriptorsPerMessage, descriptors, bytes, messages));
        }

        return new MessagePlan(isStream);
    }

    /// <summary>Returns how many of the remaining bytes and descriptors to send with the next message.</summary>
    public (int Bytes, int Descriptors) Next(int bytes, int descriptors)
    {
        int later = Messages(descriptors) - 1;
        return (_isStream && later > 0 ? bytes - later : bytes, Math.Min(descriptors, DescriptorSender.MaxDescriptorsPerMessage));
    }

    private static int Messages(int descriptors) =>
        (descriptors + DescriptorSender.MaxDescriptorsPerMessage - 1) / DescriptorSender.MaxDescriptorsPerMessage;
}
