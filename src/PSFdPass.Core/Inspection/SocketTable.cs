using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Inspection;

/// <summary>
/// The sockets of one network namespace, by inode, as they were when the table was made: what there is to know of a socket that
/// belongs to another process. On Linux only.
/// </summary>
internal sealed class SocketTable
{
    private static readonly (string File, SocketFamily Family, SocketType Type)[] InternetTables =
    [
        ("tcp", SocketFamily.Inet, SocketType.Stream),
        ("tcp6", SocketFamily.Inet6, SocketType.Stream),
        ("udp", SocketFamily.Inet, SocketType.Dgram),
        ("udp6", SocketFamily.Inet6, SocketType.Dgram),
        ("raw", SocketFamily.Inet, SocketType.Raw),
        ("raw6", SocketFamily.Inet6, SocketType.Raw),
    ];

    private readonly Dictionary<ulong, SocketDescription> _sockets = [];
    private readonly Dictionary<ulong, ulong> _peers;

    private SocketTable(Dictionary<ulong, ulong> peers) => _peers = peers;

    /// <summary>Reads the tables that a process sees in <c>/proc/…/net</c>.</summary>
    public static SocketTable Of(int process)
    {
        // The kernel tells of the peers in our own namespace only.
        var table = new SocketTable(NamespaceOf(process) == NamespaceOf(Environment.ProcessId) ? LinuxUnixDiag.ReadPeers() : []);
        foreach ((string file, SocketFamily family, SocketType type) in InternetTables)
        {
            ProcNet.ParseInternet(ProcFs.TryRead($"/proc/{process}/net/{file}"), family, type, table._sockets);
        }

        ProcNet.ParseUnix(ProcFs.TryRead($"/proc/{process}/net/unix"), table._sockets);
        return table;
    }

    /// <summary>What stands for the network namespace of a process: <c>net:[4026531840]</c>; null when that may not be known.</summary>
    public static string? NamespaceOf(int process) => Unistd.ReadLink($"/proc/{process}/ns/net");

    /// <summary>The socket, with its peer's name if it is a Unix-domain socket; null when it is in no table.</summary>
    public SocketDescription? Find(ulong inode)
    {
        if (!_sockets.TryGetValue(inode, out SocketDescription? socket) || socket.Family != SocketFamily.Unix)
        {
            return socket;
        }

        if (PeerOf(inode) is { } peer)
        {
            return socket with { Remote = _sockets.GetValueOrDefault(peer)?.Local };
        }

        // The table calls a datagram socket connected as soon as another one has connected to it. That one has the peer.
        return socket is { Type: SocketType.Dgram, State: SocketState.Connected } && _peers.Count > 0
            ? socket with { State = SocketState.Unconnected }
            : socket;
    }

    /// <summary>The inode of the socket at the other end of a Unix-domain socket; null without one, and where it can't be told.</summary>
    public ulong? PeerOf(ulong inode) => _peers.TryGetValue(inode, out ulong peer) ? peer : null;
}
