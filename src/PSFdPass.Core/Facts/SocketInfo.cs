using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// The type and the addresses of a socket, as getsockopt(2), getsockname(2) and getpeername(2) report them. These calls do not
/// block, even on a hostile descriptor, whereas fstat(2) can block for as long as a FUSE file system does not answer.
/// </summary>
/// <param name="Family">The address family; <see cref="AddressFamily.Unknown"/> for one that .NET has no name for.</param>
/// <param name="Type">The type; <see cref="SocketType.Unknown"/> for one that .NET has no name for.</param>
/// <param name="Protocol">The protocol: 6 for TCP, 17 for UDP, 0 for Unix-domain sockets. -1 where it is not available (macOS).</param>
/// <param name="IsListening">Whether the socket listens (SO_ACCEPTCONN).</param>
/// <param name="LocalEndPoint">The address that the socket is bound to; null for an unnamed Unix-domain socket.</param>
/// <param name="IsConnected">Whether the socket has a peer. After a TCP connection has been reset, it has no peer.</param>
/// <param name="RemoteEndPoint">The peer's address; null if there is no peer, or the peer is unnamed.</param>
/// <param name="Cookie">
/// A number that no other socket has had since the system was started (SO_COOKIE, Linux 4.12); 0 where it is not available.
/// </param>
/// <param name="NamespaceCookie">
/// A number that identifies the socket's network namespace (SO_NETNS_COOKIE, Linux 5.14); 0 where it is not available.
/// </param>
public readonly record struct SocketInfo(
    AddressFamily Family,
    SocketType Type,
    int Protocol,
    bool IsListening,
    EndPoint? LocalEndPoint,
    bool IsConnected,
    EndPoint? RemoteEndPoint,
    ulong Cookie,
    ulong NamespaceCookie)
{
    private const int IPPROTO_TCP = 6;
    private const int IPPROTO_MPTCP = 262;

    // Linux only.
    private const int SO_COOKIE = 57;
    private const int SO_NETNS_COOKIE = 71;

    /// <summary>Gets a value indicating whether the socket is an established TCP connection, IPv4 or IPv6.</summary>
    public bool IsTcpConnection =>
        Family is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 && Type == SocketType.Stream && IsConnected &&
        Protocol is IPPROTO_TCP or IPPROTO_MPTCP or (-1);

    /// <summary>Returns information about the socket that a descriptor refers to.</summary>
    /// <returns>Null when the descriptor is not a socket.</returns>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor is closed.</exception>
    public static SocketInfo? Of(SafeHandle descriptor)
    {
        using var lease = new HandleLease(descriptor);
        int fd = lease.Fd;
        if (!SysSocket.TryGetOption(fd, Constants.Current.SOL_SOCKET, Constants.Current.SO_TYPE, out int type))
        {
            return null;
        }

        int protocol = -1;
        if (Constants.Current.SO_PROTOCOL >= 0)
        {
            _ = SysSocket.TryGetOption(fd, Constants.Current.SOL_SOCKET, Constants.Current.SO_PROTOCOL, out protocol);
        }

        EndPoint? local = SocketFacts.LocalEndPointOf(fd);
        EndPoint? remote = SocketFacts.RemoteEndPointOf(fd);
        bool isConnected = remote is not null || SocketFacts.IsConnected(fd);
        return new SocketInfo(
            local?.AddressFamily ?? (SocketFacts.FamilyOf(fd) == Constants.AF_UNIX ? AddressFamily.Unix : AddressFamily.Unknown),
            SocketTypes.FromNumber(type) ?? SocketType.Unknown,
            protocol,
            !isConnected && SocketFacts.IsListening(fd),
            local,
            isConnected,
            remote,
            CookieOf(fd, SO_COOKIE),
            CookieOf(fd, SO_NETNS_COOKIE));
    }

    /// <summary>Returns the address of a socket's peer, in one system call.</summary>
    /// <returns>Null if the socket has no peer, the peer has no name, or the descriptor is not a socket.</returns>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor is closed.</exception>
    public static EndPoint? RemoteEndPointOf(SafeHandle socket)
    {
        using var lease = new HandleLease(socket);
        return SocketFacts.RemoteEndPointOf(lease.Fd);
    }

    /// <summary>
    /// Returns the number of bytes that were sent and that the peer has not yet received or, on TCP, that the peer's kernel has not
    /// yet acknowledged (SIOCOUTQ). On a Unix-domain socket, the number is the size of the buffer memory in use, and 0 means that
    /// everything has been received. After the peer has closed its end, the number is 0 even if data was lost.
    /// </summary>
    /// <returns>The number of bytes; -1 where it is not available (macOS).</returns>
    /// <exception cref="ObjectDisposedException">Thrown when the socket is closed.</exception>
    public static int UnreceivedBytesOf(SafeHandle socket)
    {
        using var lease = new HandleLease(socket);
        return SysIoctl.UnreceivedBytes(lease.Fd);
    }

    /// <summary>
    /// Shuts a connection down, by default in both directions, for all processes that share the socket (shutdown(2)). The call does
    /// not block. The descriptor stays open. Nothing happens when the socket is not connected.
    /// </summary>
    /// <exception cref="ObjectDisposedException">Thrown when the socket is closed.</exception>
    public static void Shutdown(SafeHandle socket, SocketShutdown how = SocketShutdown.Both)
    {
        using var lease = new HandleLease(socket);
        _ = SysSocket.Shutdown(lease.Fd, (int)how);
    }

    /// <summary>
    /// Discards up to 16 notifications from a socket's error queue (MSG_ERRQUEUE, Linux). As long as the queue contains a
    /// notification, every wait for the socket ends with <see cref="DescriptorEvents.Error"/>. A process that used the socket
    /// earlier may have requested them (MSG_ZEROCOPY, SO_TIMESTAMPING).
    /// </summary>
    /// <exception cref="ObjectDisposedException">Thrown when the socket is closed.</exception>
    public static unsafe void DiscardErrorQueue(SafeHandle socket)
    {
        const int Most = 16;
        using var lease = new HandleLease(socket);
        byte data;
        int flags = Constants.Current.MSG_ERRQUEUE;
        for (int notices = 0; flags != 0 && notices < Most; notices++)
        {
            if (SysSocket.Recv(lease.Fd, &data, 1, flags | Constants.Current.MSG_DONTWAIT) < 0)
            {
                return;
            }
        }
    }

    private static unsafe ulong CookieOf(int socket, int option)
    {
        ulong cookie = 0;
        uint length = sizeof(ulong);
        return OperatingSystem.IsLinux() &&
            SysSocket.GetSockOpt(socket, Constants.Current.SOL_SOCKET, option, &cookie, &length) == 0 ? cookie : 0;
    }
}
