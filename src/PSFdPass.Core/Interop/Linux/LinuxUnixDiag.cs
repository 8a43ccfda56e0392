using System.Buffers.Binary;

namespace PSFdPass.Interop;

/// <summary>
/// <c>&lt;linux/unix_diag.h&gt;</c>: asks the kernel over netlink which Unix-domain socket is connected to which (sock_diag(7)).
/// It tells of the sockets of this process's network namespace. The messages are written and read as bytes, by pure code.
/// </summary>
internal static unsafe class LinuxUnixDiag
{
    private const int AF_NETLINK = 16;
    private const int NETLINK_SOCK_DIAG = 4;
    private const ushort SOCK_DIAG_BY_FAMILY = 20;
    private const ushort NLM_F_REQUEST = 0x1;
    private const ushort NLM_F_DUMP = 0x300;
    private const ushort NLMSG_ERROR = 2;
    private const ushort NLMSG_DONE = 3;
    private const uint UDIAG_SHOW_PEER = 0x4;
    private const ushort UNIX_DIAG_PEER = 2;
    private const int SOCK_RAW = 3;

    // struct nlmsghdr, struct unix_diag_req, struct unix_diag_msg, struct nlattr.
    private const int HeaderSize = 16;
    private const int RequestSize = 24;
    private const int MessageSize = 16;
    private const int AttributeSize = 4;

    /// <summary>
    /// The inode of the peer of each connected socket, by the socket's inode. Empty where the kernel was built without
    /// unix_diag, or a sandbox keeps it away.
    /// </summary>
    public static Dictionary<ulong, ulong> ReadPeers()
    {
        var peers = new Dictionary<ulong, ulong>();
        int socket = SysSocket.Create(AF_NETLINK, SOCK_RAW | Constants.Current.SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        if (socket < 0)
        {
            return peers;
        }

        try
        {
            Span<byte> request = stackalloc byte[HeaderSize + RequestSize];
            WriteRequest(request);
            byte[] answer = new byte[64 * 1024];
            fixed (byte* bytes = request)
            fixed (byte* room = answer)
            {
                if (SysSocket.Send(socket, bytes, (nuint)request.Length, 0) != request.Length)
                {
                    return peers;
                }

                nint length;
                do
                {
                    length = SysSocket.Recv(socket, room, (nuint)answer.Length, 0);
                }
                while ((length < 0 && Errno.Last == Errno.EINTR) || (length > 0 && ReadAnswer(answer.AsSpan(0, (int)length), peers)));
            }
        }
        finally
        {
            _ = Unistd.Close(socket);
        }

        return peers;
    }

    /// <summary>Writes the request for all sockets, in any state, with their peers.</summary>
    /// <param name="request">40 bytes.</param>
    public static void WriteRequest(Span<byte> request)
    {
        request.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(request, HeaderSize + RequestSize);
        BinaryPrimitives.WriteUInt16LittleEndian(request[4..], SOCK_DIAG_BY_FAMILY);
        BinaryPrimitives.WriteUInt16LittleEndian(request[6..], NLM_F_REQUEST | NLM_F_DUMP);
        Span<byte> body = request[HeaderSize..];
        body[0] = Constants.AF_UNIX;
        BinaryPrimitives.WriteUInt32LittleEndian(body[4..], uint.MaxValue);
        BinaryPrimitives.WriteUInt32LittleEndian(body[12..], UDIAG_SHOW_PEER);
    }

    /// <summary>Reads one packet of the answer.</summary>
    /// <returns>Whether more packets follow.</returns>
    public static bool ReadAnswer(ReadOnlySpan<byte> packet, Dictionary<ulong, ulong> peers)
    {
        while (packet.Length >= HeaderSize)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(packet);
            ushort type = BinaryPrimitives.ReadUInt16LittleEndian(packet[4..]);
            if (type is NLMSG_DONE or NLMSG_ERROR || length < HeaderSize || length > packet.Length)
            {
                return false;
            }

            if (type == SOCK_DIAG_BY_FAMILY && length >= HeaderSize + MessageSize)
            {
                ulong inode = BinaryPrimitives.ReadUInt32LittleEndian(packet[(HeaderSize + 4)..]);
                if (PeerIn(packet[(HeaderSize + MessageSize)..length]) is { } peer and not 0)
                {
                    peers[inode] = peer;
                }
            }

            packet = packet[Math.Min(Align(length), packet.Length)..];
        }

        return true;
    }

    private static ulong? PeerIn(ReadOnlySpan<byte> attributes)
    {
        while (attributes.Length >= AttributeSize)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(attributes);
            if (length < AttributeSize || length > attributes.Length)
            {
                return null;
            }

            if (BinaryPrimitives.ReadUInt16LittleEndian(attributes[2..]) == UNIX_DIAG_PEER && length >= AttributeSize + sizeof(uint))
            {
                return BinaryPrimitives.ReadUInt32LittleEndian(attributes[AttributeSize..]);
            }

            attributes = attributes[Math.Min(Align(length), attributes.Length)..];
        }

        return null;
    }

    private static int Align(int length) => (length + 3) & ~3;
}
