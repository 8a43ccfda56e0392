namespace PSFdPass;

/// <summary>Specifies the address family of a socket, with the names that address_families(7) uses.</summary>
/// <remarks>.NET's AddressFamily has other numbers than the system, and lacks some of these families.</remarks>
public enum SocketFamily
{
    /// <summary>Another family, or one that could not be determined.</summary>
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
