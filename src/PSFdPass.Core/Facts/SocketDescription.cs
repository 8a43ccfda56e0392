using System.Net.Sockets;
using System.Net;
using System.Text;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>What a socket is and where its ends are, at one moment.</summary>
/// <param name="Family">The address family.</param>
/// <param name="Type">SOCK_STREAM and so on; null where it can't be told.</param>
/// <param name="State">How far it is with its connection; null where it can't be told.</param>
/// <param name="Local">Its own address; null for a Unix-domain socket without a name, and where it can't be told.</param>
/// <param name="Remote">Its peer's address; null without a peer, and for one without a name.</param>
internal sealed record SocketDescription(
    SocketFamily Family, SocketType? Type, SocketState? State, EndPoint? Local, EndPoint? Remote)
{
    /// <summary>Asks the kernel about a socket of this process.</summary>
    /// <exception cref="SystemCallException">ENOTSOCK, EBADF.</exception>
    public static SocketDescription Of(int socket)
    {
        int type = SocketFacts.TypeOf(socket);
        SocketFamily family = FamilyFrom(SocketFacts.FamilyOf(socket));
        return new SocketDescription(
            family, TypeFrom(type), StateOf(socket, family, type), SocketFacts.LocalEndPointOf(socket), SocketFacts.RemoteEndPointOf(socket));
    }

    /// <summary>
    /// What the name of a protocol tells of a socket that is in no table: one that was never bound, a TCP socket that may be
    /// bound but neither listens nor is connected, or one of a family without tables.
    /// </summary>
    public static SocketDescription FromProtocol(string protocol) => protocol switch
    {
        "TCP" => new SocketDescription(SocketFamily.Inet, SocketType.Stream, SocketState.Closed, null, null),
        "TCPv6" => new SocketDescription(SocketFamily.Inet6, SocketType.Stream, SocketState.Closed, null, null),
        "UDP" => Unbound(SocketFamily.Inet, SocketType.Dgram),
        "UDPv6" => Unbound(SocketFamily.Inet6, SocketType.Dgram),
        "RAW" => Unbound(SocketFamily.Inet, SocketType.Raw),
        "RAWv6" => Unbound(SocketFamily.Inet6, SocketType.Raw),
        "UNIX-STREAM" => new SocketDescription(SocketFamily.Unix, SocketType.Stream, null, null, null),
        "UNIX" => new SocketDescription(SocketFamily.Unix, null, null, null, null),
        "NETLINK" => new SocketDescription(SocketFamily.Netlink, null, null, null, null),
        "PACKET" => new SocketDescription(SocketFamily.Packet, null, null, null, null),
        "AF_VSOCK" => new SocketDescription(SocketFamily.Vsock, null, null, null, null),
        _ => new SocketDescription(SocketFamily.Other, null, null, null, null),
    };

    /// <summary>The name of .NET for a SOCK_ number; null for one without.</summary>
    public static SocketType? TypeFrom(int number) => number switch
    {
        Constants.SOCK_STREAM => SocketType.Stream,
        Constants.SOCK_DGRAM => SocketType.Dgram,
        3 => SocketType.Raw,
        Constants.SOCK_SEQPACKET => SocketType.Seqpacket,
        _ => null,
    };

    /// <summary>The end point for a path, or for <c>@name</c>; null for an empty one.</summary>
    /// <remarks>
    /// Sockets can have names that .NET's type has no room for: a path without the NUL at its end, or bytes that are not UTF-8.
    /// Whoever gave a socket such a name must not keep others from looking at theirs.
    /// </remarks>
    public static EndPoint? UnixEndPoint(string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        bool isAbstract = text[0] == '@' && Constants.Current.HasAbstractNames;
        int size = Encoding.UTF8.GetByteCount(text) + (isAbstract ? 0 : 1);
        return size > Constants.Current.SunPathSize ? new UnixNameEndPoint(text)
            : new UnixDomainSocketEndPoint(isAbstract ? '\0' + text[1..] : text);
    }

    /// <summary>One line such as <c>tcp 127.0.0.1:8000 → 127.0.0.1:60316</c>: what <see cref="SocketFacts.Describe"/> says of a socket of this process.</summary>
    public override string ToString() => SocketFacts.Compose(
        ProtocolName(), Local?.ToString() ?? "", Remote?.ToString() ?? "", State == SocketState.Listening);

    private static SocketDescription Unbound(SocketFamily family, SocketType type) =>
        new(family, type, SocketState.Unconnected, new IPEndPoint(family == SocketFamily.Inet ? IPAddress.Any : IPAddress.IPv6Any, 0), null);

    private static SocketState? StateOf(int socket, SocketFamily family, int type)
    {
        const int IPPROTO_TCP = 6;
        const int TCP_INFO = 11;
        if (family is SocketFamily.Other or SocketFamily.Netlink or SocketFamily.Packet)
        {
            // These have no connections, and what getpeername says of them means nothing.
            return null;
        }

        if (type == Constants.SOCK_STREAM && family is SocketFamily.Inet or SocketFamily.Inet6 && OperatingSystem.IsLinux() &&
            SysSocket.TryGetOption(socket, IPPROTO_TCP, TCP_INFO, out int information))
        {
            // struct tcp_info begins with the state, in one byte.
            return SocketStates.OfInternet(SocketType.Stream, information & 0xff);
        }

        return SocketFacts.IsListening(socket) ? SocketState.Listening
            : !SocketFacts.IsConnected(socket) ? SocketState.Unconnected
            : type == Constants.SOCK_STREAM && family is SocketFamily.Inet or SocketFamily.Inet6 ? SocketState.Established
            : SocketState.Connected;
    }

    private static SocketFamily FamilyFrom(int number) => number switch
    {
        Constants.AF_UNIX => SocketFamily.Unix,
        Constants.AF_INET => SocketFamily.Inet,
        _ when number == Constants.Current.AF_INET6 => SocketFamily.Inet6,
        16 when OperatingSystem.IsLinux() => SocketFamily.Netlink,
        17 when OperatingSystem.IsLinux() => SocketFamily.Packet,
        40 when OperatingSystem.IsLinux() => SocketFamily.Vsock,
        _ => SocketFamily.Other,
    };

    private string ProtocolName() => Family switch
    {
        SocketFamily.Unix => SocketFacts.ProtocolName(Constants.AF_UNIX, NumberOf(Type)),
        SocketFamily.Inet or SocketFamily.Inet6 => SocketFacts.ProtocolName(Constants.AF_INET, NumberOf(Type)),
        SocketFamily.Netlink => SocketFacts.ProtocolName(16, 0),
        SocketFamily.Packet => SocketFacts.ProtocolName(17, 0),
        SocketFamily.Vsock => SocketFacts.ProtocolName(40, 0),
        _ => "socket",
    };

    private static int NumberOf(SocketType? type) => type switch
    {
        SocketType.Dgram => Constants.SOCK_DGRAM,
        SocketType.Seqpacket => Constants.SOCK_SEQPACKET,
        SocketType.Raw => 3,
        _ => Constants.SOCK_STREAM,
    };

    /// <summary>The name of a Unix-domain socket, to be shown.</summary>
    private sealed class UnixNameEndPoint(string name) : EndPoint
    {
        /// <inheritdoc/>
        public override AddressFamily AddressFamily => AddressFamily.Unix;

        /// <inheritdoc/>
        public override string ToString() => name;
    }
}
