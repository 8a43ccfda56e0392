using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Descriptors;
using PSFdPass.Interop;

namespace PSFdPass.Sockets;

/// <summary>
/// Who is at the other end of a connected Unix-domain socket, as the kernel recorded it when the connection, or the pair, was
/// made: SO_PEERCRED on Linux (unix(7)), LOCAL_PEERCRED and LOCAL_PEERPID on macOS.
/// </summary>
public sealed class UnixSocketPeer
{
    private UnixSocketPeer(int processId, uint userId, uint groupId)
    {
        ProcessId = processId;
        UserId = userId;
        GroupId = groupId;
    }

    /// <summary>The process id, in this process's pid namespace; 0 when it is not visible there, or the system does not tell.</summary>
    public int ProcessId { get; }

    /// <summary>The effective user id.</summary>
    public uint UserId { get; }

    /// <summary>The effective group id.</summary>
    public uint GroupId { get; }

    /// <summary>Asks who is at the other end.</summary>
    /// <param name="socket">A connected Unix-domain socket, stream or seqpacket, or one of a pair.</param>
    /// <exception cref="NotUnixSocketException">It is a socket of another family.</exception>
    /// <exception cref="SystemCallException">ENOTSOCK, EBADF; ENOTCONN: it has no peer.</exception>
    public static unsafe UnixSocketPeer Of(SafeHandle socket)
    {
        _ = UnixSocketType.Of(socket);
        using var lease = new HandleLease(socket);
        if (Constants.Current.SO_PEERCRED >= 0)
        {
            MessageCredentials credentials;
            uint length = (uint)sizeof(MessageCredentials);
            if (SysSocket.GetSockOpt(
                lease.Fd, Constants.Current.SOL_SOCKET, Constants.Current.SO_PEERCRED, &credentials, &length) < 0)
            {
                throw SystemCallException.FromLast("getsockopt", "SO_PEERCRED");
            }

            // A socket that never had a peer has credentials of nobody, and a listening one has its own.
            return credentials.UserId != uint.MaxValue && !SocketFacts.IsListening(lease.Fd)
                ? new UnixSocketPeer(credentials.ProcessId, credentials.UserId, credentials.GroupId)
                : throw new SystemCallException("getsockopt", Errno.ENOTCONN, "SO_PEERCRED");
        }

        // struct xucred: version, uid, the number of groups, and the groups, of which the first is the effective one.
        const int LOCAL_PEERCRED = 1;
        const int LOCAL_PEERPID = 2;
        const int XucredSize = 76;
        uint* xucred = stackalloc uint[XucredSize / sizeof(uint)];
        uint xucredLength = XucredSize;
        if (SysSocket.GetSockOpt(lease.Fd, 0, LOCAL_PEERCRED, xucred, &xucredLength) < 0)
        {
            throw SystemCallException.FromLast("getsockopt", "LOCAL_PEERCRED");
        }

        int processId = 0;
        if (Platform.Current == PlatformId.MacOS)
        {
            SysSocket.TryGetOption(lease.Fd, 0, LOCAL_PEERPID, out processId);
        }

        return new UnixSocketPeer(processId, xucred[1], xucred[3]);
    }

    /// <summary>The ids.</summary>
    public override string ToString() => $"pid {ProcessId} uid {UserId} gid {GroupId}";
}
