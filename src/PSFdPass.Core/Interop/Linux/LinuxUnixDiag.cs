using System.Buffers.Binary;

namespace PSFdPass.Interop;

/// <summary>
/// <c>&lt;linux/unix_diag.h&gt;</c>: reads the kernel's list of the Unix-domain sockets in this process's network namespace, over
/// netlink (sock_diag(7)). The code that writes and reads the messages works on bytes and makes no system calls.
/// </summary>
internal static unsafe class LinuxUnixDiag
{
    /// <summary>A state of a socket (<c>&lt;net/tcp_states.h&gt;</c>), used in <see cref="Row.State"/>.</summary>
    public const byte TCP_ESTABLISHED = 1;
    public const byte TCP_LISTEN = 10;

    private const int AF_NETLINK = 16;
    private const int NETLINK_SOCK_DIAG = 4;
    private const int SOCK_RAW = 3;
    private const ushort SOCK_DIAG_BY_FAMILY = 20;
    private const ushort NLM_F_REQUEST = 0x1;
    private const ushort NLM_F_DUMP_INTR = 0x10;
    private const ushort NLM_F_DUMP = 0x300;
    private const ushort NLMSG_ERROR = 2;
    private const ushort NLMSG_DONE = 3;
    private const uint UDIAG_SHOW_NAME = 0x1;
    private const uint UDIAG_SHOW_VFS = 0x2;
    private const uint UDIAG_SHOW_PEER = 0x4;
    private const ushort UNIX_DIAG_NAME = 0;
    private const ushort UNIX_DIAG_VFS = 1;
    private const ushort UNIX_DIAG_PEER = 2;

    // The sizes of struct nlmsghdr, struct unix_diag_req, struct unix_diag_msg and struct nlattr, in this order.
    private const int HeaderSize = 16;
    private const int RequestSize = 24;
    private const int MessageSize = 16;
    private const int AttributeSize = 4;

    // The kernel sends packets of at most 32 KiB.
    private const int BufferSize = 64 * 1024;

    /// <summary>A Unix-domain socket in the kernel's list.</summary>
    /// <param name="Inode">The inode of the socket in sockfs, which identifies the descriptors that refer to the socket.</param>
    /// <param name="Type">SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET.</param>
    /// <param name="State">A state of <c>&lt;net/tcp_states.h&gt;</c>.</param>
    /// <param name="Peer">The inode of the connected socket; 0 if there is none.</param>
    /// <param name="Name">The bound sun_path, including the NUL before an abstract name; null for a socket without a name.</param>
    /// <param name="File">
    /// The inode and the device of the file that the socket is bound to; null for a socket that is not bound to a file.
    /// </param>
    public readonly record struct Row(uint Inode, byte Type, byte State, uint Peer, byte[]? Name, BoundFile? File);

    /// <summary>The file that a socket is bound to.</summary>
    /// <param name="Inode">The lower 32 bits of the inode.</param>
    /// <param name="Major">The major number of the file system's device.</param>
    /// <param name="Minor">The minor number of the file system's device.</param>
    public readonly record struct BoundFile(uint Inode, uint Major, uint Minor);

    /// <summary>The state of the dump after a packet of the kernel's answer has been read.</summary>
    public enum Progress
    {
        /// <summary>More packets follow.</summary>
        More,

        /// <summary>The dump is complete.</summary>
        Done,

        /// <summary>Sockets were created or closed during the dump, so rows may be missing (NLM_F_DUMP_INTR).</summary>
        Interrupted,

        /// <summary>The kernel reported an error, or the packet can't be read.</summary>
        Failed,
    }

    /// <summary>Creates the netlink socket, which the caller owns. Returns -1 if the kernel or a sandbox refuses it.</summary>
    public static int CreateSocket() =>
        OperatingSystem.IsLinux() ? SysSocket.Create(AF_NETLINK, SOCK_RAW | Constants.Current.SOCK_CLOEXEC, NETLINK_SOCK_DIAG) : -1;

    /// <summary>Reads all Unix-domain sockets of this network namespace once.</summary>
    /// <param name="socket">The number of the socket from <see cref="CreateSocket"/>.</param>
    /// <param name="rows">The list to which the rows are added.</param>
    public static Progress Dump(int socket, List<Row> rows)
    {
        if (!TrySendRequest(socket))
        {
            return Progress.Failed;
        }

        byte[] buffer = new byte[BufferSize];
        bool isInterrupted = false;
        while (true)
        {
            nint length;
            fixed (byte* room = buffer)
            {
                // With MSG_TRUNC, the result is the full length of the packet, even if it did not fit.
                length = SysSocket.Recv(socket, room, (nuint)buffer.Length, Constants.Current.MSG_TRUNC);
            }

            if (length < 0 && Errno.Last == Errno.EINTR)
            {
                continue;
            }

            if (length <= 0 || length > buffer.Length)
            {
                return Progress.Failed;
            }

            Progress progress = ReadAnswer(buffer.AsSpan(0, (int)length), rows, ref isInterrupted);
            if (progress != Progress.More)
            {
                return progress;
            }
        }
    }

    /// <summary>Writes the request for all sockets in any state, with their names, files and peers.</summary>
    /// <param name="request">The buffer for the request: 40 bytes.</param>
    public static void WriteRequest(Span<byte> request)
    {
        request.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(request, HeaderSize + RequestSize);
        BinaryPrimitives.WriteUInt16LittleEndian(request[4..], SOCK_DIAG_BY_FAMILY);
        BinaryPrimitives.WriteUInt16LittleEndian(request[6..], NLM_F_REQUEST | NLM_F_DUMP);
        Span<byte> body = request[HeaderSize..];
        body[0] = Constants.AF_UNIX;
        BinaryPrimitives.WriteUInt32LittleEndian(body[4..], uint.MaxValue);
        BinaryPrimitives.WriteUInt32LittleEndian(body[12..], UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER);
    }

    /// <summary>Reads one packet of the kernel's answer, and adds its sockets to the rows.</summary>
    public static Progress ReadAnswer(ReadOnlySpan<byte> packet, List<Row> rows, ref bool isInterrupted)
    {
        while (packet.Length >= HeaderSize)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(packet);
            ushort type = BinaryPrimitives.ReadUInt16LittleEndian(packet[4..]);
            if (length < HeaderSize || length > packet.Length || type == NLMSG_ERROR)
            {
                return Progress.Failed;
            }

            isInterrupted |= (BinaryPrimitives.ReadUInt16LittleEndian(packet[6..]) & NLM_F_DUMP_INTR) != 0;
            if (type == NLMSG_DONE)
            {
                return isInterrupted ? Progress.Interrupted : Progress.Done;
            }

            if (type == SOCK_DIAG_BY_FAMILY && length >= HeaderSize + MessageSize)
            {
                rows.Add(ReadRow(packet[HeaderSize..length]));
            }

            packet = packet[Math.Min(Align(length), packet.Length)..];
        }

        return Progress.More;
    }

    private static bool TrySendRequest(int socket)
    {
        byte* request = stackalloc byte[HeaderSize + RequestSize];
        WriteRequest(new Span<byte>(request, HeaderSize + RequestSize));
        nint sent;
        do
        {
            sent = SysSocket.Send(socket, request, HeaderSize + RequestSize, 0);
        }
        while (sent < 0 && Errno.Last == Errno.EINTR);

        return sent == HeaderSize + RequestSize;
    }

    // struct unix_diag_msg consists of family, type, state, padding, inode, and an 8-byte cookie. The attributes follow it.
    private static Row ReadRow(ReadOnlySpan<byte> message)
    {
        uint peer = 0;
        byte[]? name = null;
        BoundFile? file = null;
        ReadOnlySpan<byte> attributes = message[MessageSize..];
        while (attributes.Length >= AttributeSize)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(attributes);
            if (length < AttributeSize || length > attributes.Length)
            {
                break;
            }

            ReadOnlySpan<byte> value = attributes[AttributeSize..length];
            switch (BinaryPrimitives.ReadUInt16LittleEndian(attributes[2..]))
            {
                case UNIX_DIAG_NAME:
                    name = value.ToArray();
                    break;
                case UNIX_DIAG_VFS when value.Length >= 8:
                    // The device is the kernel's internal dev_t, whose lower 20 bits are the minor number.
                    uint device = BinaryPrimitives.ReadUInt32LittleEndian(value[4..]);
                    file = new BoundFile(BinaryPrimitives.ReadUInt32LittleEndian(value), device >> 20, device & 0xfffff);
                    break;
                case UNIX_DIAG_PEER when value.Length >= sizeof(uint):
                    peer = BinaryPrimitives.ReadUInt32LittleEndian(value);
                    break;
            }

            attributes = attributes[Math.Min(Align(length), attributes.Length)..];
        }

        return new Row(BinaryPrimitives.ReadUInt32LittleEndian(message[4..]), message[1], message[2], peer, name, file);
    }

    private static int Align(int length) => (length + 3) & ~3;
}
