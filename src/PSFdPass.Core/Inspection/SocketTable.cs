using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Interop;
using PSFdPass.Sockets;

namespace PSFdPass.Inspection;

/// <summary>
/// Contains the sockets of one network namespace, by inode, as they were when the table was read. It is used to describe sockets of
/// other processes. Supported only on Linux.
/// </summary>
/// <remarks>
/// The Unix-domain sockets of this process's namespace come from unix_diag. The text of <c>/proc/net/unix</c> is used only where
/// unix_diag is not available, and for other namespaces. A newline in an abstract name adds a row to that text, so the text is
/// suitable only for display.
/// </remarks>
internal sealed class SocketTable
{
    private const int SO_ACCEPTCON = 0x10000;
    private const int SS_CONNECTING = 2;
    private const int SS_CONNECTED = 3;

    private static readonly (string File, SocketFamily Family, SocketType Type)[] InternetTables =
    [
        ("tcp", SocketFamily.Inet, SocketType.Stream),
        ("tcp6", SocketFamily.Inet6, SocketType.Stream),
        ("udp", SocketFamily.Inet, SocketType.Dgram),
        ("udp6", SocketFamily.Inet6, SocketType.Dgram),
        ("raw", SocketFamily.Inet, SocketType.Raw),
        ("raw6", SocketFamily.Inet6, SocketType.Raw),
    ];

    private readonly Dictionary<ulong, (int Table, ProcNet.InternetRow Row)> _internet = [];
    private readonly Dictionary<ulong, LinuxUnixDiag.Row> _unix = [];
    private readonly Dictionary<ulong, SocketDescription> _unixText = [];

    private SocketTable()
    {
    }

    /// <summary>Reads the socket tables of a process's network namespace.</summary>
    public static SocketTable Of(int process)
    {
        var table = new SocketTable();
        var rows = new List<ProcNet.InternetRow>();
        for (int i = 0; i < InternetTables.Length; i++)
        {
            rows.Clear();
            ProcNet.ParseInternet(ProcFs.TryReadBytes($"/proc/{process}/net/{InternetTables[i].File}"), rows);
            foreach (ProcNet.InternetRow row in rows)
            {
                table._internet[row.Inode] = (i, row);
            }
        }

        if (NamespaceOf(process) == NamespaceOf(Environment.ProcessId) && UnixSocketList.Read() is { } sockets)
        {
            foreach (LinuxUnixDiag.Row row in sockets)
            {
                table._unix[row.Inode] = row;
            }
        }
        else
        {
            table.ReadText(process);
        }

        return table;
    }

    /// <summary>
    /// Returns the identifier of the network namespace of a process, such as <c>net:[4026531840]</c>; null when it is not known.
    /// </summary>
    public static string? NamespaceOf(int process) => Unistd.ReadLink($"/proc/{process}/ns/net");

    /// <summary>Returns the description of a socket; null when no table contains it.</summary>
    public SocketDescription? Find(ulong inode)
    {
        if (_unix.TryGetValue(inode, out LinuxUnixDiag.Row row))
        {
            LinuxUnixDiag.Row peer = row.Peer != 0 ? _unix.GetValueOrDefault(row.Peer) : default;
            return new SocketDescription(
                SocketFamily.Unix, SocketTypes.FromNumber(row.Type), StateOf(row), EndPointOf(row.Name), EndPointOf(peer.Name));
        }

        if (_internet.TryGetValue(inode, out (int Table, ProcNet.InternetRow Row) found))
        {
            (_, SocketFamily family, SocketType type) = InternetTables[found.Table];
            return new SocketDescription(
                family, type, SocketStates.OfInternet(type, found.Row.State), EndPointOf(found.Row.Local),
                found.Row.Remote.Port == 0 ? null : EndPointOf(found.Row.Remote));
        }

        return _unixText.GetValueOrDefault(inode);
    }

    /// <summary>
    /// Returns the inode of the socket at the other end of a Unix-domain socket; null when there is none or it is not known.
    /// </summary>
    public ulong? PeerOf(ulong inode) => _unix.TryGetValue(inode, out LinuxUnixDiag.Row row) && row.Peer != 0 ? row.Peer : null;

    /// <summary>Converts an address in network byte order to an end point.</summary>
    public static IPEndPoint EndPointOf(ProcNet.InternetAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, address.First);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], address.Last);
        return new IPEndPoint(new IPAddress(address.IsIPv6 ? bytes : bytes[..4]), address.Port);
    }

    /// <summary>Returns the description of a socket from a row of <c>/proc/net/unix</c>.</summary>
    internal static SocketDescription Describe(ProcNet.UnixRow row) => new(
        SocketFamily.Unix,
        SocketTypes.FromNumber(row.Type),
        (row.Flags & SO_ACCEPTCON) != 0 ? SocketState.Listening
            // The state of a datagram socket also changes when another socket connects to it, and the text does not name the peer.
            : row.State == SS_CONNECTED ? (row.Type == Constants.SOCK_DGRAM ? null : SocketState.Connected)
            : row.State == SS_CONNECTING ? SocketState.Connecting
            : SocketState.Unconnected,
        UnixSocketNames.EndPointOf(System.Text.Encoding.UTF8.GetString(row.Name)),
        null);

    // A datagram socket is in the state "established" as soon as another socket has connected to it, but only that other socket has
    // a peer.
    private static SocketState StateOf(LinuxUnixDiag.Row row) =>
        row.State == LinuxUnixDiag.TCP_LISTEN ? SocketState.Listening
        : row.Peer != 0 || (row.State == LinuxUnixDiag.TCP_ESTABLISHED && row.Type != Constants.SOCK_DGRAM) ? SocketState.Connected
        : SocketState.Unconnected;

    private static EndPoint? EndPointOf(byte[]? name) =>
        name is null ? null : UnixSocketNames.EndPointOf(UnixSocketNames.TextOf(name));

    // If an inode has several rows, some of them are forged, and nothing is known about the socket.
    private void ReadText(int process)
    {
        var rows = new List<ProcNet.UnixRow>();
        ProcNet.ParseUnix(ProcFs.TryReadBytes($"/proc/{process}/net/unix"), rows);
        foreach (IGrouping<ulong, ProcNet.UnixRow> same in rows.GroupBy(static row => row.Inode))
        {
            _unixText[same.Key] = same.Count() == 1
                ? Describe(same.First())
                : new SocketDescription(SocketFamily.Unix, null, null, null, null);
        }
    }
}
