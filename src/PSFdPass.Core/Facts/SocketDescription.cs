using System.Net;
using System.Net.Sockets;

namespace PSFdPass.Facts;

/// <summary>Describes the type, state and addresses of a socket at one moment.</summary>
/// <param name="Family">The address family.</param>
/// <param name="Type">The type, such as Stream; null where it is not available.</param>
/// <param name="State">The state of the socket's connection; null where it is not available.</param>
/// <param name="Local">
/// The socket's own address; null for a Unix-domain socket without a name, and where the address is not available.
/// </param>
/// <param name="Remote">The address of the socket's peer; null if there is no peer, or the peer has no name.</param>
internal sealed record SocketDescription(
    SocketFamily Family, SocketType? Type, SocketState? State, EndPoint? Local, EndPoint? Remote)
{
    /// <summary>Returns the description of a socket of this process.</summary>
    /// <returns>Null when the descriptor is not open, is not a socket, or only represents a socket's file (O_PATH).</returns>
    public static SocketDescription? Of(int socket)
    {
        int number = SocketFacts.FamilyOf(socket);
        if (number < 0 || !SocketFacts.TryGetType(socket, out int type))
        {
            return null;
        }

        SocketFamily family = SocketFamilies.FromNumber(number);
        return new SocketDescription(
            family,
            SocketTypes.FromNumber(type),
            SocketFacts.StateOf(socket, family, type),
            SocketFacts.LocalEndPointOf(socket),
            SocketFacts.RemoteEndPointOf(socket));
    }

    /// <summary>
    /// Returns the description of a socket that no table of the kernel contains, from the name of its protocol. This can be a
    /// socket that was never bound, a TCP socket that is neither listening nor connected, or a socket of a family without tables.
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

    /// <summary>Returns one line such as <c>tcp 127.0.0.1:8000 → 127.0.0.1:60316</c> or <c>tcp 127.0.0.1:8000 (listening)</c>.</summary>
    public override string ToString()
    {
        string ends = (Local?.ToString() ?? "", Remote?.ToString() ?? "") switch
        {
            ("", "") => "",
            (var here, "") => $" {here}",
            ("", var there) => $" → {there}",
            var (here, there) => $" {here} → {there}",
        };
        return SocketFamilies.ProtocolName(Family, Type) + ends + (State == SocketState.Listening ? " (listening)" : "");
    }

    private static SocketDescription Unbound(SocketFamily family, SocketType type) =>
        new(family, type, SocketState.Unconnected, new IPEndPoint(family == SocketFamily.Inet ? IPAddress.Any : IPAddress.IPv6Any, 0), null);
}
