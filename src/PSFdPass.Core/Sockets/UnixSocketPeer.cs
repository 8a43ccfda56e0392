using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// Who is at the other end of a connected Unix-domain socket, as the kernel recorded it when the connection, or the pair, was
/// made: SO_PEERCRED on Linux (unix(7)), LOCAL_PEERCRED and LOCAL_PEERPID on macOS.
/// </summary>
/// <remarks>
/// The ids can't be forged. A process id can be confused: when that process has ended, another may have got its number.
/// <see cref="ProcessDescriptor"/> can't.
/// </remarks>
public sealed class UnixSocketPeer : IDisposable
{
    private string? _userName;
    private string? _groupName;

    private UnixSocketPeer(int processId, uint userId, uint groupId)
    {
        ProcessId = processId;
        ProcessName = ProcessNames.Of(processId);
        UserId = userId;
        GroupId = groupId;
    }

    /// <summary>The process id, in this process's pid namespace; 0 when it is not visible there, or the system does not tell.</summary>
    public int ProcessId { get; }

    /// <summary>The short name of the process that had the id when it was asked for; empty when it had ended.</summary>
    public string ProcessName { get; }

    /// <summary>The effective user id.</summary>
    public uint UserId { get; }

    /// <summary>The user's name (getpwuid_r(3)); the number as text when there is none.</summary>
    public string UserName => _userName ??= UserNames.UserOf(UserId);

    /// <summary>The effective group id.</summary>
    public uint GroupId { get; }

    /// <summary>The group's name (getgrgid_r(3)); the number as text when there is none.</summary>
    public string GroupName => _groupName ??= UserNames.GroupOf(GroupId);

    /// <summary>
    /// A descriptor of the process itself (pidfd_open(2)), which this object owns: readable once the process has ended, and
    /// never another process's. Null unless it was asked for, before Linux 6.5, and where a kernel not much younger no longer
    /// finds a process that has ended.
    /// </summary>
    public FileDescriptor? ProcessDescriptor { get; private init; }

    /// <summary>Asks who is at the other end.</summary>
    /// <param name="socket">A connected Unix-domain socket, stream or seqpacket, or one of a pair.</param>
    /// <param name="withProcessDescriptor">True to open <see cref="ProcessDescriptor"/> as well, where the system has it.</param>
    /// <exception cref="NotUnixSocketException">It is a socket of another family.</exception>
    /// <exception cref="SystemCallException">
    /// ENOTSOCK, EBADF; ENOTCONN: it has no peer; EMFILE: there is no descriptor left for the process descriptor.
    /// </exception>
    public static unsafe UnixSocketPeer Of(SafeHandle socket, bool withProcessDescriptor = false)
    {
        SocketType type = UnixSocketType.Of(socket);
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
                {
                    ProcessDescriptor = withProcessDescriptor ? OpenProcess(lease.Fd) : null,
                }
                : throw HasNoPeer(lease.Fd, type);
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

    /// <summary>Closes <see cref="ProcessDescriptor"/>, if there is one.</summary>
    public void Dispose() => ProcessDescriptor?.Dispose();

    /// <summary>The ids.</summary>
    public override string ToString() => $"pid {ProcessId} uid {UserId} gid {GroupId}";

    /// <summary>The process and its user, by name where they have one: <c>pid 42 (pwsh), user 1000 (ann)</c>.</summary>
    public string Describe()
    {
        string process = ProcessName.Length > 0 ? $"pid {ProcessId} ({ShownText.Of(ProcessName)})" : $"pid {ProcessId}";
        return $"{process}, {UserNames.Describe(UserId)}";
    }

    // Null where the kernel does not know the option (ENOPROTOOPT), or no longer finds the process (EINVAL, ESRCH).
    private static FileDescriptor? OpenProcess(int socket)
    {
        if (SysSocket.TryGetOption(socket, Constants.Current.SOL_SOCKET, Constants.Current.SO_PEERPIDFD, out int process))
        {
            return new FileDescriptor(process, ownsHandle: true);
        }

        return Errno.Last is Errno.EMFILE or Errno.ENFILE ? throw SystemCallException.FromLast("getsockopt", "SO_PEERPIDFD") : null;
    }

    private static SystemCallException HasNoPeer(int socket, SocketType type) => new(
        "getsockopt",
        Errno.ENOTCONN,
        SocketFacts.IsListening(socket)
            ? "the socket listens: ask the connections that it accepts"
            : type == SocketType.Dgram
                ? "a named datagram socket has no single peer: ask for credentials with each message"
                : "the socket has no peer");
}
