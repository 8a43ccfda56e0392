using System.Net.Sockets;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>Converts the AF_ numbers of the system to families, and families to the names of protocols.</summary>
internal static class SocketFamilies
{
    private const int AF_NETLINK = 16;
    private const int AF_PACKET = 17;
    private const int AF_VSOCK = 40;

    /// <summary>Returns the family that an AF_ number stands for.</summary>
    public static SocketFamily FromNumber(int number) => number switch
    {
        Constants.AF_UNIX => SocketFamily.Unix,
        Constants.AF_INET => SocketFamily.Inet,
        _ when number == Constants.Current.AF_INET6 => SocketFamily.Inet6,
        AF_NETLINK when OperatingSystem.IsLinux() => SocketFamily.Netlink,
        AF_PACKET when OperatingSystem.IsLinux() => SocketFamily.Packet,
        AF_VSOCK when OperatingSystem.IsLinux() => SocketFamily.Vsock,
        _ => SocketFamily.Other,
    };

    /// <summary>Returns the name of a protocol: <c>tcp</c>, <c>udp</c>, <c>unix</c>, <c>unix-seqpacket</c> and so on.</summary>
    public static string ProtocolName(SocketFamily family, SocketType? type) => (family, type) switch
    {
        (SocketFamily.Unix, SocketType.Dgram) => "unix-datagram",
        (SocketFamily.Unix, SocketType.Seqpacket) => "unix-seqpacket",
        (SocketFamily.Unix, _) => "unix",
        (SocketFamily.Inet or SocketFamily.Inet6, SocketType.Stream) => "tcp",
        (SocketFamily.Inet or SocketFamily.Inet6, SocketType.Dgram) => "udp",
        (SocketFamily.Inet or SocketFamily.Inet6, _) => "ip",
        (SocketFamily.Netlink, _) => "netlink",
        (SocketFamily.Packet, _) => "packet",
        (SocketFamily.Vsock, _) => "vsock",
        _ => "socket",
    };
}
