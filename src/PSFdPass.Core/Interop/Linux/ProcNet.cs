using System.Buffers.Binary;
using System.Buffers.Text;

namespace PSFdPass.Interop;

/// <summary>Reads the tables of sockets in <c>/proc/…/net</c> (proc_pid_net(5)) as rows of numbers and bytes.</summary>
internal static class ProcNet
{
    // The columns of tcp and the similar tables, from 0: sl local remote st tx:rx tr:when retrnsmt uid timeout inode.
    private const int InternetLocal = 1;
    private const int InternetRemote = 2;
    private const int InternetState = 3;
    private const int InternetInode = 9;

    // The columns of unix, from 0: Num RefCount Protocol Flags Type St Inode Path.
    private const int UnixFlags = 3;
    private const int UnixType = 4;
    private const int UnixState = 5;
    private const int UnixInode = 6;
    private const int UnixPath = 7;

    /// <summary>A row of <c>tcp</c>, <c>tcp6</c>, <c>udp</c>, <c>udp6</c>, <c>raw</c> or <c>raw6</c>.</summary>
    /// <param name="Inode">The inode of the socket.</param>
    /// <param name="State">A state of <c>&lt;net/tcp_states.h&gt;</c>.</param>
    /// <param name="Local">The address that the socket is bound to.</param>
    /// <param name="Remote">The address of the peer; all zeros if there is none.</param>
    public readonly record struct InternetRow(ulong Inode, int State, InternetAddress Local, InternetAddress Remote);

    /// <summary>An IPv4 or IPv6 address in network byte order, and a port.</summary>
    /// <param name="First">The first 8 bytes; for IPv4, the first 4 are the address.</param>
    /// <param name="Last">The last 8 bytes; 0 for IPv4.</param>
    /// <param name="IsIPv6">True for IPv6, whose addresses have 16 bytes.</param>
    /// <param name="Port">The port number.</param>
    public readonly record struct InternetAddress(ulong First, ulong Last, bool IsIPv6, ushort Port);

    /// <summary>A row of <c>unix</c>.</summary>
    /// <param name="Inode">The inode of the socket.</param>
    /// <param name="Flags">0x10000 (SO_ACCEPTCON) for a socket that listens.</param>
    /// <param name="Type">SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET.</param>
    /// <param name="State">1 for unconnected, 2 for connecting, 3 for connected.</param>
    /// <param name="Name">The name as shown in the table, with @ for each NUL; empty for a socket without a name.</param>
    public readonly record struct UnixRow(ulong Inode, int Flags, int Type, int State, byte[] Name);

    /// <summary>Adds the rows of a table such as <c>tcp</c> or <c>udp</c>. Lines that can't be parsed are skipped.</summary>
    public static void ParseInternet(ReadOnlySpan<byte> text, List<InternetRow> rows)
    {
        Span<Range> columns = stackalloc Range[11];
        while (TryTakeLine(ref text, out ReadOnlySpan<byte> line))
        {
            if (Split(line, columns) > InternetInode &&
                TryParseNumber(line[columns[InternetInode]], out ulong inode) && inode != 0 &&
                ParseAddress(line[columns[InternetLocal]]) is { } local &&
                ParseAddress(line[columns[InternetRemote]]) is { } remote &&
                TryParseHex(line[columns[InternetState]], out uint state))
            {
                rows.Add(new InternetRow(inode, (int)state, local, remote));
            }
        }
    }

    /// <summary>Adds the rows of the table <c>unix</c>. Lines that can't be parsed are skipped.</summary>
    /// <remarks>
    /// The kernel does not escape newlines in abstract names, so any process can add rows. Use the rows only for display, never for
    /// a decision, and only if the kernel's other list (unix_diag) is not available.
    /// </remarks>
    public static void ParseUnix(ReadOnlySpan<byte> text, List<UnixRow> rows)
    {
        Span<Range> columns = stackalloc Range[8];
        while (TryTakeLine(ref text, out ReadOnlySpan<byte> line))
        {
            int count = Split(line, columns);
            if (count > UnixInode &&
                TryParseNumber(line[columns[UnixInode]], out ulong inode) &&
                TryParseHex(line[columns[UnixFlags]], out uint flags) &&
                TryParseHex(line[columns[UnixType]], out uint type) &&
                TryParseHex(line[columns[UnixState]], out uint state))
            {
                byte[] name = count > UnixPath ? line[columns[UnixPath].Start..].ToArray() : [];
                rows.Add(new UnixRow(inode, (int)flags, (int)type, (int)state, name));
            }
        }
    }

    /// <summary>
    /// Reads an address such as <c>0100007F:1F90</c>: the 32-bit words of the address, each in the byte order of this machine, and the
    /// port.
    /// </summary>
    public static InternetAddress? ParseAddress(ReadOnlySpan<byte> text)
    {
        int colon = text.IndexOf((byte)':');
        if (colon is not (8 or 32) || !TryParseHex(text[(colon + 1)..], out uint port) || port > ushort.MaxValue)
        {
            return null;
        }

        Span<byte> address = stackalloc byte[16];
        address.Clear();
        for (int word = 0; word < colon / 8; word++)
        {
            if (!TryParseHex(text.Slice(word * 8, 8), out uint value))
            {
                return null;
            }

            BinaryPrimitives.WriteUInt32LittleEndian(address[(word * 4)..], value);
        }

        return new InternetAddress(
            BinaryPrimitives.ReadUInt64BigEndian(address), BinaryPrimitives.ReadUInt64BigEndian(address[8..]), colon == 32, (ushort)port);
    }

    private static bool TryTakeLine(ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> line)
    {
        if (text.IsEmpty)
        {
            line = default;
            return false;
        }

        int end = text.IndexOf((byte)'\n');
        line = end < 0 ? text : text[..end];
        text = end < 0 ? default : text[(end + 1)..];
        return true;
    }

    // The columns are separated by one or more blanks. Text after the last range is not split.
    private static int Split(ReadOnlySpan<byte> line, Span<Range> columns)
    {
        int count = 0;
        int position = 0;
        while (count < columns.Length)
        {
            while (position < line.Length && line[position] == ' ')
            {
                position++;
            }

            if (position == line.Length)
            {
                break;
            }

            int start = position;
            while (position < line.Length && line[position] != ' ')
            {
                position++;
            }

            columns[count++] = start..position;
        }

        return count;
    }

    private static bool TryParseNumber(ReadOnlySpan<byte> text, out ulong value) =>
        Utf8Parser.TryParse(text, out value, out int consumed) && consumed == text.Length;

    private static bool TryParseHex(ReadOnlySpan<byte> text, out uint value) =>
        Utf8Parser.TryParse(text, out value, out int consumed, 'x') && consumed == text.Length && consumed > 0;
}
