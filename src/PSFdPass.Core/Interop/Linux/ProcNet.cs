using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Net;
using PSFdPass.Facts;

namespace PSFdPass.Interop;

/// <summary>The tables of sockets in <c>/proc/…/net</c> (proc_pid_net(5)), by the sockets' inodes.</summary>
internal static class ProcNet
{
    // The tables number their columns from 0 here: sl local remote st tx:rx tr:when retrnsmt uid timeout inode.
    private const int InternetLocal = 1;
    private const int InternetRemote = 2;
    private const int InternetState = 3;
    private const int InternetInode = 9;

    // Num RefCount Protocol Flags Type St Inode Path.
    private const int UnixFlags = 3;
    private const int UnixType = 4;
    private const int UnixState = 5;
    private const int UnixInode = 6;
    private const int UnixPath = 7;
    private const int SO_ACCEPTCON = 0x10000;
    private const int SS_CONNECTING = 2;
    private const int SS_CONNECTED = 3;

    /// <summary>Reads <c>tcp</c>, <c>tcp6</c>, <c>udp</c>, <c>udp6</c>, <c>raw</c> and the like. Lines that can't be read are passed over.</summary>
    public static void ParseInternet(
        ReadOnlySpan<char> text, SocketFamily family, SocketType type, Dictionary<ulong, SocketDescription> sockets)
    {
        Span<Range> columns = stackalloc Range[11];
        foreach (ReadOnlySpan<char> line in text.EnumerateLines())
        {
            if (Split(line, columns) > InternetInode &&
                ulong.TryParse(line[columns[InternetInode]], CultureInfo.InvariantCulture, out ulong inode) &&
                inode != 0 &&
                ParseEndPoint(line[columns[InternetLocal]]) is { } local &&
                ParseEndPoint(line[columns[InternetRemote]]) is { } remote &&
                TryParseHex(line[columns[InternetState]], out int state))
            {
                sockets[inode] = new SocketDescription(
                    family, type, SocketStates.OfInternet(type, state), local, remote.Port == 0 ? null : remote);
            }
        }
    }

    /// <summary>Reads <c>unix</c>. The table has no peers. Lines that can't be read are passed over.</summary>
    public static void ParseUnix(ReadOnlySpan<char> text, Dictionary<ulong, SocketDescription> sockets)
    {
        Span<Range> columns = stackalloc Range[8];
        foreach (ReadOnlySpan<char> line in text.EnumerateLines())
        {
            int count = Split(line, columns);
            if (count > UnixInode &&
                ulong.TryParse(line[columns[UnixInode]], CultureInfo.InvariantCulture, out ulong inode) &&
                TryParseHex(line[columns[UnixFlags]], out int flags) &&
                TryParseHex(line[columns[UnixType]], out int type) &&
                TryParseHex(line[columns[UnixState]], out int state))
            {
                SocketState meaning =
                    (flags & SO_ACCEPTCON) != 0 ? SocketState.Listening
                    : state == SS_CONNECTED ? SocketState.Connected
                    : state == SS_CONNECTING ? SocketState.Connecting
                    : SocketState.Unconnected;
                sockets[inode] = new SocketDescription(
                    SocketFamily.Unix,
                    SocketTypes.FromNumber(type),
                    meaning,
                    count > UnixPath ? UnixSocketNames.EndPointOf(line[columns[UnixPath].Start..].ToString()) : null,
                    null);
            }
        }
    }

    /// <summary>
    /// An address such as <c>0100007F:1F90</c>: the words of the address as this machine reads them from memory, and the port.
    /// </summary>
    public static IPEndPoint? ParseEndPoint(ReadOnlySpan<char> text)
    {
        int colon = text.IndexOf(':');
        if (colon is not (8 or 32) || !TryParseHex(text[(colon + 1)..], out int port) || port > IPEndPoint.MaxPort)
        {
            return null;
        }

        Span<byte> address = stackalloc byte[16];
        for (int word = 0; word < colon / 8; word++)
        {
            if (!uint.TryParse(text.Slice(word * 8, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out uint value))
            {
                return null;
            }

            BinaryPrimitives.WriteUInt32LittleEndian(address[(word * 4)..], value);
        }

        return new IPEndPoint(new IPAddress(address[..(colon / 2)]), port);
    }

    // The columns are separated by any number of blanks; what is beyond the last range is left out, and is still in the line.
    private static int Split(ReadOnlySpan<char> line, Span<Range> columns)
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

    private static bool TryParseHex(ReadOnlySpan<char> text, out int value) =>
        int.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out value);
}
