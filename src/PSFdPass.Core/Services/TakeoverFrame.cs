using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using PSFdPass.Waiting;

namespace PSFdPass.Services;

/// <summary>
/// The frames of a takeover. The successor sends <see cref="Hello"/>. The running server sends <see cref="Offer"/> and
/// <see cref="Descriptors"/>, or <see cref="Refusal"/>. The successor sends <see cref="Ready"/>. The server, which still serves,
/// sends <see cref="Go"/>. The successor sends <see cref="Taken"/> and begins to serve. The server receives this frame and stops
/// serving. To end a takeover earlier, the server sends <see cref="GivenUp"/>.
/// </summary>
internal static class TakeoverFrame
{
    public const byte Hello = (byte)'H';
    public const byte Offer = (byte)'O';
    public const byte Descriptors = (byte)'D';
    public const byte Refusal = (byte)'X';
    public const byte Ready = (byte)'R';
    public const byte Go = (byte)'G';
    public const byte Taken = (byte)'T';
    public const byte GivenUp = (byte)'A';

    /// <summary>The name and version of the protocol, which <see cref="Hello"/> contains.</summary>
    public const string Version = "PSFdPass takeover 1\n";

    /// <summary>
    /// The maximum number of descriptors in one frame. A frame with this number of descriptors fits into the socket's buffer, even
    /// with names of the maximum length.
    /// </summary>
    public const int MaxDescriptors = 100;

    private const int OfferSize = 1 + sizeof(int) + (2 * sizeof(ulong));

    /// <summary>Returns the body of a frame that contains a string.</summary>
    public static byte[] Text(byte type, string text) => [type, .. Encoding.UTF8.GetBytes(text)];

    /// <summary>Returns the text of a frame.</summary>
    public static string TextOf(Frame frame) => Encoding.UTF8.GetString(frame.Body.AsSpan(1));

    /// <summary>Returns whether a frame has the specified type.</summary>
    public static bool Is(Frame frame, byte type) => frame.Body.Length > 0 && frame.Body[0] == type;

    /// <summary>
    /// Sends an offer, and then the descriptors. The offer contains the number of descriptors, the takeover's own listener, and the
    /// identity of that listener.
    /// </summary>
    public static void SendOffer(
        FramedSocket frames,
        SafeHandle listener,
        SocketIdentity? identity,
        IReadOnlyList<KeyValuePair<string, SafeHandle>> descriptors,
        Deadline deadline,
        CancellationToken cancellationToken)
    {
        byte[] offer = new byte[OfferSize];
        offer[0] = Offer;
        BinaryPrimitives.WriteInt32BigEndian(offer.AsSpan(1), descriptors.Count);
        BinaryPrimitives.WriteUInt64BigEndian(offer.AsSpan(1 + sizeof(int)), identity?.Device ?? 0);
        BinaryPrimitives.WriteUInt64BigEndian(offer.AsSpan(1 + sizeof(int) + sizeof(ulong)), identity?.Inode ?? 0);
        frames.Send(offer, [listener], deadline, cancellationToken);
        foreach (KeyValuePair<string, SafeHandle>[] part in descriptors.Chunk(MaxDescriptors))
        {
            var body = new MemoryStream();
            body.WriteByte(Descriptors);
            foreach ((string name, _) in part)
            {
                byte[] bytes = DescriptorNames.GetBytes(name);
                body.WriteByte((byte)bytes.Length);
                body.Write(bytes);
            }

            frames.Send(body.ToArray(), part.Select(static pair => pair.Value).ToArray(), deadline, cancellationToken);
        }
    }

    /// <summary>Reads an offer: the number of descriptors that follow, and the identity of the listener in the offer.</summary>
    public static (int Count, SocketIdentity? Identity) ReadOffer(Frame frame)
    {
        if (!Is(frame, Offer) || frame.Body.Length != OfferSize || frame.Descriptors.Length != 1)
        {
            throw new InvalidDataException(SR.TakeoverOfferInvalid);
        }

        int count = BinaryPrimitives.ReadInt32BigEndian(frame.Body.AsSpan(1));
        ulong device = BinaryPrimitives.ReadUInt64BigEndian(frame.Body.AsSpan(1 + sizeof(int)));
        ulong inode = BinaryPrimitives.ReadUInt64BigEndian(frame.Body.AsSpan(1 + sizeof(int) + sizeof(ulong)));
        return count >= 0
            ? (count, inode == 0 ? null : new SocketIdentity(device, inode))
            : throw new InvalidDataException(SR.TakeoverOfferCountInvalid);
    }

    /// <summary>Reads the names in one frame of descriptors, and moves the descriptors to a list.</summary>
    public static void ReadDescriptors(Frame frame, List<NamedDescriptor> list)
    {
        var names = new List<string>();
        ReadOnlySpan<byte> rest = Is(frame, Descriptors) ? frame.Body.AsSpan(1) : default;
        while (!rest.IsEmpty && rest.Length > rest[0])
        {
            names.Add(Encoding.UTF8.GetString(rest.Slice(1, rest[0])));
            rest = rest[(1 + rest[0])..];
        }

        if (!rest.IsEmpty || names.Count == 0 || names.Count != frame.Descriptors.Length)
        {
            throw new InvalidDataException(SR.TakeoverListInvalid);
        }

        list.AddRange(names.Zip(frame.Descriptors, static (name, descriptor) => new NamedDescriptor(name, descriptor)));
    }
}
