namespace PSFdPass;

/// <summary>Specifies the address family of a socket, by the names of address_families(7).</summary>
/// <remarks>The numbers of .NET's AddressFamily differ from those of the system, and some of these families are missing there.</remarks>
public enum SocketFamily
{
    /// <summary>Another family, or the family is not available.</summary>
    Other,

    /// <summary>AF_UNIX: within this machine (unix(7)).</summary>
    Unix,

    /// <summary>AF_INET: IPv4 (ip(7)).</summary>
    Inet,

    /// <summary>AF_INET6: IPv6 (ipv6(7)).</summary>
    Inet6,

    /// <summary>AF_NETLINK: messages to and from the Linux kernel (netlink(7)).</summary>
    Netlink,

    /// <summary>AF_PACKET: Linux's network devices (packet(7)).</summary>
    Packet,

    /// <summary>AF_VSOCK: between virtual machines and their host, on Linux (vsock(7)).</summary>
    Vsock,
}
