using PSFdPass.Descriptors;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Inspection;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>Describes the descriptors of this process and, on Linux, of others, and lists Unix-domain sockets and the processes that have them.</summary>
/// <remarks>
/// <para>
/// The tables of sockets and of processes are read once, when the first descriptor that needs them is described. Therefore, use an
/// inspector only for descriptors at one moment, and create a new inspector for a later moment.
/// </para>
/// <para>Not thread-safe.</para>
/// </remarks>
public sealed class DescriptorInspector
{
    private readonly Dictionary<string, SocketTable> _tables = [];
    private readonly Dictionary<int, string> _namespaces = [];
    private readonly Dictionary<int, string> _commands = [];
    private readonly Lazy<SocketHolders> _holders = new();
    private readonly RuntimeDescriptors _runtime = new();
    private SysStat.FileStatus? _anySocket;

    /// <summary>Describes the open descriptors of a process, in the order of their numbers. Descriptors that are closed during the call are not included.</summary>
    /// <param name="processId">The ID of the process.</param>
    /// <param name="kinds">The kinds of descriptors to describe; all kinds if none is given.</param>
    /// <exception cref="SystemCallException">Thrown when the process does not exist (ESRCH), or may not be inspected (EACCES).</exception>
    /// <exception cref="PlatformNotSupportedException">Thrown when the process is not this one and the system is not Linux.</exception>
    public IEnumerable<DescriptorInfo> List(int processId, params IReadOnlyCollection<DescriptorKind> kinds)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        int[] numbers = NumbersOf(processId);
        return IsOurs(processId)
            ? numbers.Select(fd => DescribeOurs(this, fd, kinds)).OfType<DescriptorInfo>()
            : ListFromProc(processId, numbers, kinds);
    }

    /// <summary>
    /// Lists the Unix-domain sockets of this network namespace that have a name and listen or receive datagrams (unix_diag). The list is
    /// empty on systems other than Linux.
    /// </summary>
    public IReadOnlyList<UnixSocketEntry> ListUnixSockets() => NamedSocketList.Read(_holders.Value);

    /// <summary>
    /// Finds the Unix-domain socket of this network namespace that other processes can reach at an address; null when there is
    /// none, or when the system does not list Unix-domain sockets.
    /// </summary>
    /// <param name="address">The address. A path is matched by its file, regardless of the path that the socket was bound to.</param>
    public UnixSocketEntry? FindUnixSocket(UnixSocketAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return NamedSocketList.Find(address, ListUnixSockets());
    }

    /// <summary>Finds the process that has a socket. If several processes have it, returns the one with the lowest ID.</summary>
    /// <param name="socketInode">The inode of the socket.</param>
    /// <returns>The process ID; null when none of the processes that this process may inspect has the socket.</returns>
    public int? FindHolder(ulong socketInode) => _holders.Value.Find(socketInode);

    /// <summary>Describes one descriptor.</summary>
    /// <param name="processId">The ID of the process.</param>
    /// <param name="fd">The descriptor's number in that process.</param>
    /// <exception cref="SystemCallException">
    /// Thrown when the descriptor is not open (EBADF), or when the process does not exist (ESRCH) or may not be inspected (EACCES).
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Thrown when the process is not this one and the system is not Linux.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the number is negative.</exception>
    public DescriptorInfo Describe(int processId, int fd)
    {
        if (fd < 0)
        {
            throw DescriptorNumbers.NotADescriptor(fd);
        }

        if (TryDescribe(processId, fd, []) is { } info)
        {
            return info;
        }

        if (!IsOurs(processId))
        {
            // Throws when the process does not exist or may not be inspected.
            _ = ProcDirectory.DescriptorsOf(processId);
        }

        throw new SystemCallException("fstat", Errno.EBADF, Subject(processId, fd));
    }

    /// <summary>Returns the numbers of a process's open descriptors, in order.</summary>
    /// <inheritdoc cref="List"/>
    internal static int[] NumbersOf(int processId)
    {
        if (OperatingSystem.IsLinux())
        {
            return ProcDirectory.DescriptorsOf(processId);
        }

        ThrowIfElsewhere(processId);
        return OpenDescriptors.Numbers();
    }

    /// <summary>Describes a descriptor of any process from the contents of <c>/proc</c>; null when it is closed.</summary>
    internal DescriptorInfo? DescribeFromProc(int processId, int fd, IReadOnlyCollection<DescriptorKind> kinds)
    {
        using var descriptors = new ProcDescriptors(processId);
        return DescribeFromProc(descriptors, fd, kinds);
    }

    private IEnumerable<DescriptorInfo> ListFromProc(int processId, int[] numbers, IReadOnlyCollection<DescriptorKind> kinds)
    {
        using var descriptors = new ProcDescriptors(processId);
        foreach (int fd in numbers)
        {
            if (DescribeFromProc(descriptors, fd, kinds) is { } info)
            {
                yield return info;
            }
        }
    }

    private DescriptorInfo? DescribeFromProc(ProcDescriptors descriptors, int fd, IReadOnlyCollection<DescriptorKind> kinds)
    {
        int processId = descriptors.ProcessId;
        if (descriptors.ReadLink(fd) is not { } link)
        {
            return Errno.Last == Errno.EACCES
                ? throw new SystemCallException("readlink", Errno.EACCES, Subject(processId, fd))
                : null;
        }

        // The descriptor may be closed, or its number reused, between these calls.
        if (!TryGetStatus(processId, fd, link, out SysStat.FileStatus status))
        {
            return null;
        }

        DescriptorKind kind = DescriptorFacts.KindFrom(status.Type, link);
        if ((kinds.Count > 0 && !kinds.Contains(kind)) || !descriptors.TryReadInformation(fd, out ProcFdInfo information))
        {
            return null;
        }

        DescriptorFlags flags = DescriptorFacts.FlagsFrom(information.Flags) |
            ((information.Flags & Constants.Current.O_CLOEXEC) != 0 ? DescriptorFlags.CloseOnExec : 0);
        SocketDescription? socket = IsSocket(kind, flags) ? DescribeSocket(processId, fd, status.Inode) : null;
        return Describe(
            processId, fd, kind, status, link,
            DescriptorFacts.AccessFrom(information.Flags),
            socket is null or { Family: SocketFamily.Other } ? link : null,
            flags,
            HasPosition(kind) && (flags & DescriptorFlags.PathOnly) == 0 ? information.Position : null,
            socket,
            kind == DescriptorKind.MemoryFile ? MemoryFiles.SealsOf(ProcFs.PathOf(processId, fd)) : null);
    }

    private static DescriptorInfo? DescribeOurs(DescriptorInspector inspector, int fd, IReadOnlyCollection<DescriptorKind> kinds)
    {
        if (!SysStat.TryGetStatus(fd, out SysStat.FileStatus status))
        {
            return null;
        }

        string link = DescriptorFacts.LinkOf(fd);
        DescriptorKind kind = DescriptorFacts.KindFrom(status.Type, link);
        if (kinds.Count > 0 && !kinds.Contains(kind))
        {
            return null;
        }

        try
        {
            const int SEEK_CUR = 1;
            DescriptorFlags flags = DescriptorFacts.FlagsOf(fd);
            long position = HasPosition(kind) ? Unistd.Seek(fd, 0, SEEK_CUR) : -1;
            return inspector.Describe(
                Environment.ProcessId, fd, kind, status, link,
                DescriptorFacts.AccessOf(fd),
                IsSocket(kind, flags) ? DescriptorFacts.TargetOf(fd, kind) : link,
                flags,
                position >= 0 ? position : null,
                IsSocket(kind, flags) ? SocketDescription.Of(fd) : null,
                kind == DescriptorKind.MemoryFile ? MemoryFiles.SealsOf(fd) : null);
        }
        catch (SystemCallException exception) when (exception.Errno == Errno.EBADF || exception.Errno == Errno.ENOTSOCK)
        {
            return null;
        }
    }

    private static bool IsOurs(int processId) => processId == Environment.ProcessId;

    private static string Subject(int processId, int fd) =>
        IsOurs(processId) ? SR.Format(SR.SubjectDescriptor, fd) : SR.Format(SR.SubjectDescriptorOfProcess, fd, processId);

    private static void ThrowIfElsewhere(int processId)
    {
        if (!IsOurs(processId))
        {
            throw new PlatformNotSupportedException(SR.Format(SR.InspectionNotSupported, processId, Environment.ProcessId));
        }
    }

    // A descriptor that was opened with O_PATH on a socket's file has the type of a socket, but is not one.
    private static bool IsSocket(DescriptorKind kind, DescriptorFlags flags) =>
        kind == DescriptorKind.Socket && (flags & DescriptorFlags.PathOnly) == 0;

    private static bool HasPosition(DescriptorKind kind) =>
        kind is DescriptorKind.File or DescriptorKind.MemoryFile or DescriptorKind.Directory or DescriptorKind.BlockDevice;

    private static bool HasSize(DescriptorKind kind) =>
        kind is DescriptorKind.File or DescriptorKind.MemoryFile or DescriptorKind.Directory or DescriptorKind.SymbolicLink;

    private DescriptorInfo? TryDescribe(int processId, int fd, IReadOnlyCollection<DescriptorKind> kinds)
    {
        if (IsOurs(processId))
        {
            return DescribeOurs(this, fd, kinds);
        }

        if (!OperatingSystem.IsLinux())
        {
            ThrowIfElsewhere(processId);
        }

        return DescribeFromProc(processId, fd, kinds);
    }

    private DescriptorInfo Describe(
        int processId,
        int fd,
        DescriptorKind kind,
        SysStat.FileStatus status,
        string link,
        DescriptorAccess access,
        string? target,
        DescriptorFlags flags,
        long? position,
        SocketDescription? socket,
        MemoryFileSeals? seals)
    {
        const string Deleted = " (deleted)";
        bool isDeleted = kind != DescriptorKind.MemoryFile && status.Links == 0 && link.EndsWith(Deleted, StringComparison.Ordinal);
        string? path = kind is DescriptorKind.MemoryFile || !link.StartsWith('/') ? null : isDeleted ? link[..^Deleted.Length] : link;
        if (socket is { Family: SocketFamily.Unix, Local: { } local } && local.ToString() is { } name && !name.StartsWith('@'))
        {
            path = name;
        }

        int? peer = socket is { Family: SocketFamily.Unix, State: SocketState.Connected } ? PeerOf(processId, fd, status.Inode) : null;
        return new DescriptorInfo
        {
            Fd = fd,
            ProcessId = processId,
            Kind = kind,
            Access = access,
            Target = target!,
            Socket = socket,
            Path = path,
            IsDeleted = isDeleted && path is not null,
            Flags = flags,
            Position = position,
            Size = HasSize(kind) ? status.Size : null,
            Inode = status.Inode != 0 ? status.Inode : null,
            Identity = new DescriptorIdentity(kind, access, status.Device, status.Inode, DescriptorIdentity.DetailOf(processId, fd, kind)),
            Family = socket?.Family,
            SocketType = socket?.Type,
            State = socket?.State,
            LocalEndPoint = socket?.Local,
            RemoteEndPoint = socket?.Remote,
            PeerProcessId = peer,
            PeerCommand = peer is { } id ? CommandOf(id) : null,
            Seals = seals,
            IsRuntimeOwned = IsOurs(processId) && _runtime.IsOwned(fd, kind, access, flags, status, link, socket),
        };
    }

    // The link of a socket contains its inode number, and all sockets are on one device, so the status of one socket serves for the
    // others.
    private bool TryGetStatus(int processId, int fd, string link, out SysStat.FileStatus status)
    {
        if (_anySocket is { } known && ProcFs.InodeOfSocket(link) is { } inode)
        {
            status = known with { Inode = inode };
            return true;
        }

        bool isOpen = SysStat.TryGetStatusOfPath(ProcFs.PathOf(processId, fd), out status);
        if (isOpen && status.Type == SysStat.S_IFSOCK && ProcFs.InodeOfSocket(link) == status.Inode)
        {
            _anySocket = status;
        }

        return isOpen;
    }

    private SocketDescription DescribeSocket(int processId, int fd, ulong inode) =>
        TableOf(processId).Find(inode) ?? SocketDescription.FromProtocol(SysXattr.ProtocolOfSocket(ProcFs.PathOf(processId, fd)) ?? "");

    // Prefers the process that has the other end now. The process that the kernel recorded when the connection was made (SO_PEERCRED) may
    // have passed that end on since.
    private int? PeerOf(int processId, int fd, ulong inode)
    {
        if (OperatingSystem.IsLinux() && TableOf(processId).PeerOf(inode) is { } peer && _holders.Value.Find(peer) is { } holder)
        {
            return holder;
        }

        if (!IsOurs(processId))
        {
            return null;
        }

        try
        {
            using var handle = new SafeDescriptorHandle(fd, ownsHandle: false);
            int recorded = UnixSocketPeer.Of(handle).ProcessId;
            return recorded > 0 ? recorded : null;
        }
        catch (IOException)
        {
            // The kernel has not recorded a process, for example for a datagram socket.
            return null;
        }
    }

    private string CommandOf(int processId)
    {
        if (!_commands.TryGetValue(processId, out string? command))
        {
            _commands.Add(processId, command = ProcessNames.Of(processId));
        }

        return command;
    }

    private SocketTable TableOf(int processId)
    {
        if (!_namespaces.TryGetValue(processId, out string? key))
        {
            _namespaces.Add(processId, key = SocketTable.NamespaceOf(processId) ?? $"process {processId}");
        }

        if (!_tables.TryGetValue(key, out SocketTable? table))
        {
            _tables.Add(key, table = SocketTable.Of(processId));
        }

        return table;
    }
}
