using System.Net;
using System.Net.Sockets;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>Queries the kernel for the type, state and addresses of a socket of this process.</summary>
internal static unsafe class SocketFacts
{
    /// <summary>The size of a buffer for any address: struct sockaddr_storage.</summary>
    public const int MaxAddressLength = 128;

    /// <summary>Returns the type of a socket (SO_TYPE), such as SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET.</summary>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not a socket (ENOTSOCK), or not open (EBADF).</exception>
    public static int TypeOf(int socket) =>
        TryGetType(socket, out int type) ? type : throw SystemCallException.FromLast("getsockopt", socket);

    /// <summary>Returns whether a socket is a stream socket.</summary>
    /// <inheritdoc cref="TypeOf"/>
    public static bool IsStream(int socket) => TypeOf(socket) == Constants.SOCK_STREAM;

    /// <summary>Gets the type of a socket (SO_TYPE). When the result is false, the error is in <see cref="Errno.Last"/>.</summary>
    public static bool TryGetType(int socket, out int type) =>
        SysSocket.TryGetOption(socket, Constants.Current.SOL_SOCKET, Constants.Current.SO_TYPE, out type);

    /// <summary>Returns whether a socket listens: SO_ACCEPTCONN.</summary>
    public static bool IsListening(int socket) =>
        SysSocket.TryGetOption(socket, Constants.Current.SOL_SOCKET, Constants.Current.SO_ACCEPTCONN, out int value) && value != 0;

    /// <summary>Returns whether a socket has a peer.</summary>
    public static bool IsConnected(int socket)
    {
        byte* address = stackalloc byte[MaxAddressLength];
        uint length = MaxAddressLength;
        return SysSocket.GetPeerName(socket, address, &length) == 0;
    }

    /// <summary>
    /// Returns the AF_ number of a socket: SO_DOMAIN, or the family of its address on macOS. When the result is -1, the error is in
    /// <see cref="Errno.Last"/>.
    /// </summary>
    public static int FamilyOf(int socket)
    {
        if (Constants.Current.SO_DOMAIN >= 0)
        {
            return SysSocket.TryGetOption(socket, Constants.Current.SOL_SOCKET, Constants.Current.SO_DOMAIN, out int domain) ? domain : -1;
        }

        byte* buffer = stackalloc byte[MaxAddressLength];
        return FamilyIn(LocalAddressOf(socket, buffer));
    }

    /// <summary>
    /// Returns whether a descriptor is a Unix-domain socket. Checks the family of its address, because getsockname(2) is the fastest call
    /// that shows the family.
    /// </summary>
    public static bool IsUnix(int socket)
    {
        // The buffer has space only for the family. The kernel truncates the address.
        byte* buffer = stackalloc byte[2];
        uint length = 2;
        return SysSocket.GetSockName(socket, buffer, &length) == 0 && FamilyIn(new ReadOnlySpan<byte>(buffer, 2)) == Constants.AF_UNIX;
    }

    /// <summary>Returns the state of a socket's connection; null for a family without connections.</summary>
    public static SocketState? StateOf(int socket, SocketFamily family, int type)
    {
        const int IPPROTO_TCP = 6;
        const int TCP_INFO = 11;
        if (family is SocketFamily.Other or SocketFamily.Netlink or SocketFamily.Packet)
        {
            // getpeername(2) also succeeds on sockets of these families, although they have no connections.
            return null;
        }

        bool isTcp = type == Constants.SOCK_STREAM && family is SocketFamily.Inet or SocketFamily.Inet6;
        if (isTcp && OperatingSystem.IsLinux() && SysSocket.TryGetOption(socket, IPPROTO_TCP, TCP_INFO, out int information))
        {
            // struct tcp_info begins with the state, in one byte.
            return SocketStates.OfInternet(SocketType.Stream, information & 0xff);
        }

        return IsListening(socket) ? SocketState.Listening
            : !IsConnected(socket) ? SocketState.Unconnected
            : isTcp ? SocketState.Established
            : SocketState.Connected;
    }

    /// <summary>
    /// Returns one line such as <c>tcp 127.0.0.1:8000 → 127.0.0.1:60316</c> or <c>unix /run/a.sock</c>; empty when the descriptor is not
    /// an open socket.
    /// </summary>
    public static string Describe(int socket) => SocketDescription.Of(socket)?.ToString() ?? "";

    /// <summary>Returns the address that a socket is bound to; null when it has none, or .NET has no type for it.</summary>
    public static EndPoint? LocalEndPointOf(int socket)
    {
        byte* buffer = stackalloc byte[MaxAddressLength];
        return AnyEndPointOf(LocalAddressOf(socket, buffer));
    }

    /// <summary>Returns the address of a socket's peer; null when it has none, or .NET has no type for it.</summary>
    public static EndPoint? RemoteEndPointOf(int socket)
    {
        byte* buffer = stackalloc byte[MaxAddressLength];
        return AnyEndPointOf(RemoteAddressOf(socket, buffer));
    }

    /// <summary>Returns the address of a socket's peer as text; empty when the peer is unnamed, null when there is none.</summary>
    public static string? PeerOf(int socket)
    {
        byte* buffer = stackalloc byte[MaxAddressLength];
        ReadOnlySpan<byte> address = RemoteAddressOf(socket, buffer);
        return address.IsEmpty ? null : Text(address);
    }

    /// <summary>Returns an address as text: <c>127.0.0.1:80</c>, <c>[::1]:80</c>, a path, <c>@name</c>; empty when unnamed.</summary>
    public static string Text(ReadOnlySpan<byte> address) =>
        FamilyIn(address) == Constants.AF_UNIX ? UnixSocketNames.TextOf(address[2..]) : EndPointOf(address)?.ToString() ?? "";

    /// <summary>Returns the end point in an AF_INET or AF_INET6 address; null for another family.</summary>
    public static IPEndPoint? EndPointOf(ReadOnlySpan<byte> address)
    {
        int family = FamilyIn(address);
        bool isV4 = family == Constants.AF_INET;
        if (!isV4 && family != Constants.Current.AF_INET6)
        {
            return null;
        }

        var copy = new SocketAddress(isV4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, address.Length);
        address.CopyTo(copy.Buffer.Span);
        return (IPEndPoint)new IPEndPoint(isV4 ? IPAddress.Any : IPAddress.IPv6Any, 0).Create(copy);
    }

    private static EndPoint? AnyEndPointOf(ReadOnlySpan<byte> address) =>
        FamilyIn(address) == Constants.AF_UNIX ? UnixSocketNames.EndPointOf(Text(address)) : EndPointOf(address);

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
