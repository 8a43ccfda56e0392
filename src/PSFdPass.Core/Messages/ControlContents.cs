using System.Runtime.InteropServices;
using PSFdPass.Ancillary;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Messages;

/// <summary>
/// Accounts for everything that the control messages of one received message contain. Every descriptor in them is already installed
/// in this process, so each is either handed to the caller or closed.
/// </summary>
internal readonly ref struct ControlContents
{
    /// <summary>
    /// The size of a control buffer: enough for 253 descriptors, credentials, a process descriptor, a security label and a timestamp.
    /// </summary>
    public const int Size = ControlMessageLayout.MaxRightsSpace + 1024;

    /// <summary>The largest number of descriptors that a control buffer can contain.</summary>
    public const int MaxNumbers = Size / sizeof(int);

    private ControlContents(int taken, int closed, MessageCredentials? credentials)
    {
        Taken = taken;
        Closed = closed;
        Credentials = credentials;
    }

    /// <summary>Gets the number of descriptors that were written to the caller's span.</summary>
    public int Taken { get; }

    /// <summary>Gets the number of descriptors that did not fit in the caller's span and were closed.</summary>
    public int Closed { get; }

    /// <summary>Gets the credentials of the sender (SCM_CREDENTIALS), or null if there were none.</summary>
    public MessageCredentials? Credentials { get; }

    /// <summary>Reads the control messages that recvmsg(2) filled in, and accounts for their descriptors.</summary>
    /// <param name="control">The control messages, which are msg_controllen bytes long.</param>
    /// <param name="descriptors">The span that receives the descriptors' numbers, which the caller owns from then on.</param>
    public static ControlContents Take(ReadOnlySpan<byte> control, Span<int> descriptors)
    {
        // The usual case: the control messages contain only descriptors.
        if (Constants.Current.MSG_CMSG_CLOEXEC != 0 &&
            ControlMessageReader.TryReadOnlyRights(control, in ControlMessageLayout.Current, out ReadOnlySpan<int> only) &&
            only.Length <= descriptors.Length)
        {
            only.CopyTo(descriptors);
            return new ControlContents(only.Length, 0, null);
        }

        return TakeEach(control, descriptors);
    }

    /// <summary>Converts msg_flags to the flags that show what was truncated.</summary>
    public static MessageFlags FlagsOf(int flags) =>
        ((flags & Constants.Current.MSG_TRUNC) != 0 ? MessageFlags.DataTruncated : MessageFlags.None) |
        ((flags & Constants.Current.MSG_CTRUNC) != 0 ? MessageFlags.DescriptorsTruncated : MessageFlags.None);

    private static ControlContents TakeEach(ReadOnlySpan<byte> control, Span<int> descriptors)
    {
        MessageCredentials? credentials = null;
        int taken = 0;
        int closed = 0;
        foreach (ControlMessage part in new ControlMessageReader(control, in ControlMessageLayout.Current))
        {
            if (part.IsRights)
            {
                ReadOnlySpan<int> numbers = MemoryMarshal.Cast<byte, int>(part.Data);
                int room = Math.Min(numbers.Length, descriptors.Length - taken);
                numbers[..room].CopyTo(descriptors[taken..]);
                taken += room;
                closed += numbers.Length - room;
                Closing.CloseAll(numbers[room..]);
            }
            else if (part.IsCredentials)
            {
                credentials = MemoryMarshal.Read<MessageCredentials>(part.Data);
            }
            else if (part.IsProcessDescriptor)
            {
                // SO_PASSPIDFD is set on this socket, so the kernel installed a process descriptor, which the caller did not request.
                Closing.CloseAll(MemoryMarshal.Cast<byte, int>(part.Data));
            }
        }

        if (Constants.Current.MSG_CMSG_CLOEXEC == 0)
        {
            ReceivedDescriptors.SetCloseOnExec(descriptors[..taken]);
        }

        return new ControlContents(taken, closed, credentials);
    }
}
