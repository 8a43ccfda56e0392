using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// The process at the other end of a connected Unix-domain socket, as the kernel recorded it when the connection or the pair was
/// created: SO_PEERCRED on Linux (unix(7)), LOCAL_PEERCRED and LOCAL_PEERPID on macOS.
/// </summary>
/// <remarks>
/// <para>
/// The IDs can't be forged. For a client, they are the IDs of the process that called listen(2). A process ID can be reused after
/// the process has ended; <see cref="ProcessDescriptor"/> always refers to the same process.
/// </para>
/// <para>Thread-safe, except for <see cref="Dispose"/>.</para>
/// </remarks>
public sealed class UnixSocketPeer : IDisposable
{
    private string? _userName;
    private string? _groupName;

    private UnixSocketPeer(int processId, uint userId, uint groupId)
    {
        ProcessId = processId;
        Command = ProcessNames.Of(processId);
        UserId = userId;
        GroupId = groupId;
    }

    /// <summary>
    /// Gets the process ID in this process's PID namespace; 0 if the process is not visible there, or if its ID is not reported.
    /// </summary>
    public int ProcessId { get; }

    /// <summary>Gets the process ID. This is the same as <see cref="ProcessId"/>, under the name that other types use.</summary>
    public int Id => ProcessId;

    /// <summary>
    /// Gets the short name of the program that the process ran when this object was created; empty if the process had already
    /// ended. A process can choose any name.
    /// </summary>
    public string Command { get; }

    /// <summary>Gets the effective user ID.</summary>
    public uint UserId { get; }

    /// <summary>Gets the name of the user (getpwuid_r(3)), or the user ID as text if it has no name.</summary>
    public string UserName => _userName ??= UserNames.UserOf(UserId);

    /// <summary>Gets the effective group ID.</summary>
    public uint GroupId { get; }

    /// <summary>Gets the name of the group (getgrgid_r(3)), or the group ID as text if it has no name.</summary>
    public string GroupName => _groupName ??= UserNames.GroupOf(GroupId);

    /// <summary>
    /// Gets a process descriptor (pidfd_open(2)), which this object owns. It is readable when the process has ended. The value is
    /// null if the descriptor was not requested, if the system is not Linux 6.5 or later, or if the process has ended and the
    /// kernel no longer finds it.
    /// </summary>
    public FileDescriptor? ProcessDescriptor { get; private init; }

    /// <summary>Returns the user ID for a user's name or number.</summary>
    /// <param name="nameOrNumber">
    /// A name (getpwnam_r(3)), or a number as text. A string that consists only of digits is treated as a number.
    /// </param>
    /// <exception cref="ArgumentException">Thrown when there is no user with that name.</exception>
    public static uint FindUser(string nameOrNumber) => UserNames.Find(nameOrNumber);

    /// <summary>Returns the peer of a connected socket.</summary>
    /// <param name="socket">A connected Unix-domain socket of type stream or seqpacket, or a socket of a pair.</param>
    /// <param name="withProcessDescriptor">True to open <see cref="ProcessDescriptor"/> as well, if the system supports it.</param>
    /// <exception cref="NotUnixSocketException">Thrown when the socket is not a Unix-domain socket.</exception>
    /// <exception cref="SystemCallException">
    /// Thrown when the peer can't be determined: ENOTSOCK, EBADF, ENOTCONN (the socket has no peer), or EMFILE (there is no free
    /// descriptor for the process descriptor).
    /// </exception>
    public static unsafe UnixSocketPeer Of(SafeHandle socket, bool withProcessDescriptor = false)
    {
        ArgumentNullException.ThrowIfNull(socket);
        using var lease = new HandleLease(socket);
        UnixFamily.Require(lease.Fd);
        if (Constants.Current.SO_PEERCRED >= 0)
        {
            // struct ucred consists of pid, uid and gid.
            const int UcredSize = 3 * sizeof(uint);
            uint* credentials = stackalloc uint[3];
            uint length = UcredSize;
            if (SysSocket.GetSockOpt(
                lease.Fd, Constants.Current.SOL_SOCKET, Constants.Current.SO_PEERCRED, credentials, &length) < 0)
            {
                throw SystemCallException.FromLast("getsockopt", "SO_PEERCRED");
            }

            // If the socket never had a peer, the user ID is -1. If it is a listener, these are its own credentials.
            return credentials[1] != uint.MaxValue && !SocketFacts.IsListening(lease.Fd)
                ? new UnixSocketPeer((int)credentials[0], credentials[1], credentials[2])
                {
                    ProcessDescriptor = withProcessDescriptor ? OpenProcess(lease.Fd) : null,
                }
                : throw HasNoPeer(lease.Fd);
        }

        // struct xucred consists of version, uid, the number of groups, and the groups, of which the first is the effective one.
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

    /// <summary>Closes <see cref="ProcessDescriptor"/>.</summary>
    public void Dispose() => ProcessDescriptor?.Dispose();

    /// <summary>Returns the IDs as text, for example <c>pid 42 uid 1000 gid 1000</c>.</summary>
    public override string ToString() => $"pid {ProcessId} uid {UserId} gid {GroupId}";

    /// <summary>
    /// Returns the process and its user as text, with their names, for example <c>pid 42 (pwsh), user 1000 (ann)</c>.
    /// </summary>
    public string Describe() => Command.Length > 0
        ? SR.Format(SR.PeerIdentityNamed, ProcessId, ShownText.Of(Command), UserNames.Describe(UserId))
        : SR.Format(SR.PeerIdentity, ProcessId, UserNames.Describe(UserId));

    // Returns null if the kernel does not have the option (ENOPROTOOPT) or no longer finds the process (EINVAL, ESRCH).
    private static FileDescriptor? OpenProcess(int socket)
    {
        if (SysSocket.TryGetOption(socket, Constants.Current.SOL_SOCKET, Constants.Current.SO_PEERPIDFD, out int process))
        {
            return new FileDescriptor(process, ownsHandle: true);
        }

        return Errno.Last is Errno.EMFILE or Errno.ENFILE ? throw SystemCallException.FromLast("getsockopt", "SO_PEERPIDFD") : null;
    }

    private static SystemCallException HasNoPeer(int socket) => new(
        "getsockopt",
        Errno.ENOTCONN,
        "SO_PEERCRED",
        SocketFacts.IsListening(socket) ? SR.PeerOfListener
        : SocketFacts.TypeOf(socket) == Constants.SOCK_DGRAM ? SR.PeerOfDatagram
        : SR.PeerNone);
}
