using System.Net.Sockets;
using System.Net;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>What a socket of this process is and where its ends are, asked of the kernel by its number.</summary>
internal static unsafe class SocketFacts
{
    /// <summary>Bytes that have room for any address: struct sockaddr_storage.</summary>
    public const int MaxAddressLength = 128;

    /// <summary>SO_TYPE: SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET.</summary>
    /// <exception cref="SystemCallException">ENOTSOCK, EBADF.</exception>
    public static int TypeOf(int socket) =>
        SysSocket.TryGetOption(socket, Constants.Current.SOL_SOCKET, Constants.Current.SO_TYPE, out int type)
            ? type
            : throw SystemCallException.FromLast("getsockopt", $"descriptor {socket}");

    /// <summary>Whether it listens: SO_ACCEPTCONN.</summary>
    public static bool IsListening(int socket) =>
        SysSocket.TryGetOption(socket, Constants.Current.SOL_SOCKET, Constants.Current.SO_ACCEPTCONN, out int value) && value != 0;

    /// <summary>Whether it has a peer.</summary>
    public static bool IsConnected(int socket)
    {
        byte* address = stackalloc byte[MaxAddressLength];
        uint length = MaxAddressLength;
        return SysSocket.GetPeerName(socket, address, &length) == 0;
    }

    /// <summary>The AF_ number of the local address; −1 when it can't be told.</summary>
    public static int FamilyOf(int socket)
    {
        byte* address = stackalloc byte[MaxAddressLength];
        uint length = MaxAddressLength;
        return SysSocket.GetSockName(socket, address, &length) == 0 ? FamilyIn(new ReadOnlySpan<byte>(address, (int)length)) : -1;
    }

    /// <summary>
    /// One line such as <c>tcp 127.0.0.1:8000 → 127.0.0.1:60316</c>, <c>tcp 127.0.0.1:8000 (listening)</c>,
    /// <c>unix /run/a.sock</c>.
    /// </summary>
    public static string Describe(int socket)
    {
        byte* buffer = stackalloc byte[MaxAddressLength];
        ReadOnlySpan<byte> local = LocalAddressOf(socket, buffer);
        if (local.IsEmpty)
        {
            return "";
        }

        string protocol = ProtocolName(FamilyIn(local), TypeOf(socket));
        string here = Text(local);
        byte* peerBuffer = stackalloc byte[MaxAddressLength];
        return Compose(protocol, here, Text(RemoteAddressOf(socket, peerBuffer)), IsListening(socket));
    }

    /// <summary>The line for what is known of a socket; an end without a name is empty.</summary>
    public static string Compose(string protocol, string here, string there, bool isListening)
    {
        string ends = (here, there) switch
        {
            ("", "") => "",
            (_, "") => " " + here,
            ("", _) => " → " + there,
            _ => $" {here} → {there}",
        };
        return protocol + ends + (isListening ? " (listening)" : "");
    }

    /// <summary>The address that a socket is bound to; null when it has none that .NET has a type for.</summary>
    public static EndPoint? LocalEndPointOf(int socket)
    {
        byte* buffer = stackalloc byte[MaxAddressLength];
        return AnyEndPointOf(LocalAddressOf(socket, buffer));
    }

    /// <summary>The address of a socket's peer; null when it has none.</summary>
    public static EndPoint? RemoteEndPointOf(int socket)
    {
        byte* buffer = stackalloc byte[MaxAddressLength];
        return AnyEndPointOf(RemoteAddressOf(socket, buffer));
    }

    /// <summary>Where a socket's peer is, as people write it; empty when it is unnamed, null when there is none.</summary>
    public static string? PeerOf(int socket)
    {
        byte* buffer = stackalloc byte[MaxAddressLength];
        ReadOnlySpan<byte> address = RemoteAddressOf(socket, buffer);
        return address.IsEmpty ? null : Text(address);
    }

    /// <summary><c>tcp</c>, <c>udp</c>, <c>unix</c>, <c>unix-seqpacket</c> and so on; <c>family 9</c> for one not known here.</summary>
    public static string ProtocolName(int family, int type)
    {
        string suffix = type switch
        {
            Constants.SOCK_DGRAM => "-datagram",
            Constants.SOCK_SEQPACKET => "-seqpacket",
            _ => "",
        };
        if (family == Constants.AF_UNIX)
        {
            return "unix" + suffix;
        }

        if (family == Constants.AF_INET || family == Constants.Current.AF_INET6)
        {
            return type switch
            {
                Constants.SOCK_STREAM => "tcp",
                Constants.SOCK_DGRAM => "udp",
                _ => "ip",
            };
        }

        return OperatingSystem.IsLinux()
            ? family switch { 16 => "netlink", 17 => "packet", 40 => "vsock", _ => $"family {family}" }
            : $"family {family}";
    }

    /// <summary>An address as people write it: <c>127.0.0.1:80</c>, <c>[::1]:80</c>, a path, <c>@name</c>; empty when unnamed.</summary>
    public static string Text(ReadOnlySpan<byte> address)
    {
        int family = FamilyIn(address);
        if (family == Constants.AF_UNIX)
        {
            return UnixSocketAddress.TextOf(address[2..]);
        }

        return EndPointOf(address)?.ToString() ?? "";
    }

    /// <summary>The end point in an AF_INET or AF_INET6 address; null for another family.</summary>
    public static IPEndPoint? EndPointOf(ReadOnlySpan<byte> address)
    {
        int family = FamilyIn(address);
        bool v4 = family == Constants.AF_INET;
        if (!v4 && family != Constants.Current.AF_INET6)
        {
            return null;
        }

        var copy = new SocketAddress(v4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, address.Length);
        address.CopyTo(copy.Buffer.Span);
        return (IPEndPoint)new IPEndPoint(v4 ? IPAddress.Any : IPAddress.IPv6Any, 0).Create(copy);
    }

    private static EndPoint? AnyEndPointOf(ReadOnlySpan<byte> address) =>
        FamilyIn(address) == Constants.AF_UNIX ? SocketDescription.UnixEndPoint(Text(address)) : EndPointOf(address);

    private static ReadOnlySpan<byte> LocalAddressOf(int socket, byte* buffer)
    {
        uint length = MaxAddressLength;
        return SysSocket.GetSockName(socket, buffer, &length) == 0
            ? new ReadOnlySpan<byte>(buffer, (int)Math.Min(length, MaxAddressLength))
            : default;
    }

    private static ReadOnlySpan<byte> RemoteAddressOf(int socket, byte* buffer)
    {
        uint length = MaxAddressLength;
        return SysSocket.GetPeerName(socket, buffer, &length) == 0
            ? new ReadOnlySpan<byte>(buffer, (int)Math.Min(length, MaxAddressLength))
            : default;
    }

    private static int FamilyIn(ReadOnlySpan<byte> address) =>
        address.Length < 2 ? -1 : Constants.Current.SockaddrHasLength ? address[1] : address[0] | (address[1] << 8);
}
