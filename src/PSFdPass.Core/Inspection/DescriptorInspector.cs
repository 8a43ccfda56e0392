using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Inspection;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// Describes the descriptors of this process and, on Linux, of others. Of another process it tells what
/// <see cref="FileDescriptor"/> tells of one of ours, from <c>/proc</c> instead of from the descriptor.
/// </summary>
/// <remarks>
/// The tables of sockets are read once, when the first of another process's sockets, or a Unix-domain socket with a peer, is
/// looked at: use one inspector for descriptors that belong to one moment, and a new one for a later moment.
/// </remarks>
public sealed class DescriptorInspector
{
    private readonly Dictionary<string, SocketTable> _tables = [];
    private readonly Lazy<SocketHolders> _holders = new();

    /// <summary>Describes the open descriptors of a process, in the order of their numbers. Those that are closed meanwhile are left out.</summary>
    /// <param name="processId">The process.</param>
    /// <param name="kinds">Only descriptors of these kinds; all when it is empty.</param>
    /// <exception cref="SystemCallException">
    /// ESRCH: there is no such process. EACCES: this process may not look at that one.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">It is another process, and this is not Linux.</exception>
    public IEnumerable<DescriptorInfo> List(int processId, params IReadOnlyCollection<DescriptorKind> kinds)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        return NumbersOf(processId).Select(fd => TryDescribe(processId, fd, kinds)).OfType<DescriptorInfo>();
    }

    /// <summary>Describes one descriptor.</summary>
    /// <param name="processId">The process.</param>
    /// <param name="fd">The descriptor's number there.</param>
    /// <exception cref="SystemCallException">
    /// EBADF: it is not open. ESRCH: there is no such process. EACCES: this process may not look at that one.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">It is another process, and this is not Linux.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number that no descriptor has.</exception>
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
            // Whether the process is there, and may be looked at, is told by its list.
            _ = ProcFs.DescriptorsOf(processId);
        }

        throw new SystemCallException("fstat", Errno.EBADF, Subject(processId, fd));
    }

    /// <summary>The numbers of a process's open descriptors, in order.</summary>
    /// <inheritdoc cref="List"/>
    internal static int[] NumbersOf(int processId)
    {
        if (OperatingSystem.IsLinux())
        {
            return ProcFs.DescriptorsOf(processId);
        }

        ThrowIfElsewhere(processId);
        return OpenDescriptors.Numbers();
    }

    /// <summary>Describes a descriptor by what <c>/proc</c> tells, be it another process's or ours. Null if it is closed.</summary>
    internal DescriptorInfo? DescribeFromProc(int processId, int fd, IReadOnlyCollection<DescriptorKind> kinds)
    {
        string path = ProcFs.PathOf(processId, fd);
        if (Unistd.ReadLink(path) is not { } link)
        {
            return Errno.Last == Errno.EACCES
                ? throw new SystemCallException("readlink", Errno.EACCES, Subject(processId, fd))
                : null;
        }

        // Each of these can find it closed, or its number with another file: then the next look is no better than this one.
        if (!SysStat.TryGetStatusOfPath(path, out SysStat.FileStatus status) ||
            ProcFs.TryRead($"/proc/{processId}/fdinfo/{fd}") is not { } text)
        {
            return null;
        }

        DescriptorKind kind = DescriptorInspection.KindFrom(status.Type, link);
        if (kinds.Count > 0 && !kinds.Contains(kind))
        {
            return null;
        }

        var information = ProcFdInfo.Parse(text);
        DescriptorFlags flags = DescriptorInspection.FlagsFrom(information.Flags) |
            ((information.Flags & Constants.Current.O_CLOEXEC) != 0 ? DescriptorFlags.CloseOnExec : 0);
        SocketDescription? socket = kind == DescriptorKind.Socket ? DescribeSocket(processId, path, status.Inode) : null;
        return Describe(
            processId, fd, kind, status, link,
            DescriptorInspection.AccessFrom(information.Flags),
            socket is null or { Family: SocketFamily.Other } ? link : socket.ToString(),
            flags,
            HasPosition(kind) && (flags & DescriptorFlags.PathOnly) == 0 ? information.Position : null,
            socket,
            kind == DescriptorKind.MemoryFile ? MemoryFile.SealsOf(path) : null);
    }

    private static DescriptorInfo? DescribeOurs(DescriptorInspector inspector, int fd, IReadOnlyCollection<DescriptorKind> kinds)
    {
        if (!SysStat.TryGetStatus(fd, out SysStat.FileStatus status))
        {
            return null;
        }

        string link = DescriptorInspection.LinkOf(fd);
        DescriptorKind kind = DescriptorInspection.KindFrom(status.Type, link);
        if (kinds.Count > 0 && !kinds.Contains(kind))
        {
            return null;
        }

        try
        {
            const int SEEK_CUR = 1;
            DescriptorFlags flags = DescriptorInspection.FlagsOf(fd);
            long position = HasPosition(kind) ? Unistd.Seek(fd, 0, SEEK_CUR) : -1;
            return inspector.Describe(
                Environment.ProcessId, fd, kind, status, link,
                DescriptorInspection.AccessOf(fd),
                DescriptorInspection.TargetOf(fd, kind),
                flags,
                position >= 0 ? position : null,
                kind == DescriptorKind.Socket ? SocketDescription.Of(fd) : null,
                kind == DescriptorKind.MemoryFile ? MemoryFile.SealsOf(fd) : null);
        }
        catch (SystemCallException exception) when (exception.Errno == Errno.EBADF || exception.Errno == Errno.ENOTSOCK)
        {
            return null;
        }
    }

    private static bool IsOurs(int processId) => processId == Environment.ProcessId;

    private static string Subject(int processId, int fd) =>
        IsOurs(processId) ? $"descriptor {fd}" : $"descriptor {fd} of process {processId}";

    private static void ThrowIfElsewhere(int processId)
    {
        if (!IsOurs(processId))
        {
            throw new PlatformNotSupportedException(
                $"Only on Linux can one process look at another's descriptors: {processId} is not this process ({Environment.ProcessId}).");
        }
    }

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
        string target,
        DescriptorFlags flags,
        long? position,
        SocketDescription? socket,
        MemoryFileSeals? seals)
    {
        const string Deleted = " (deleted)";
        bool isDeleted = kind != DescriptorKind.MemoryFile && status.Links == 0 && link.EndsWith(Deleted, StringComparison.Ordinal);
        string? path = kind is DescriptorKind.MemoryFile || !link.StartsWith('/') ? null : isDeleted ? link[..^Deleted.Length] : link;
        if (socket is { Family: SocketFamily.Unix, Local: { } local } && !local.ToString()!.StartsWith('@'))
        {
            path = local.ToString();
        }

        int? peer = socket is { Family: SocketFamily.Unix, State: SocketState.Connected } ? PeerOf(processId, fd, status.Inode) : null;
        return new DescriptorInfo
        {
            Fd = fd,
            ProcessId = processId,
            Kind = kind,
            Access = access,
            Target = target,
            Path = path,
            IsDeleted = isDeleted && path is not null,
            Flags = flags,
            Position = position,
            Size = HasSize(kind) ? status.Size : null,
            Inode = status.Inode != 0 ? status.Inode : null,
            Device = status.Device,
            Family = socket?.Family,
            SocketType = socket?.Type,
            State = socket?.State,
            LocalEndPoint = socket?.Local,
            RemoteEndPoint = socket?.Remote,
            PeerProcessId = peer,
            PeerProcessName = peer is { } id && OperatingSystem.IsLinux() ? ProcFs.NameOf(id) : null,
            Seals = seals,
        };
    }

    private SocketDescription DescribeSocket(int processId, string path, ulong inode) =>
        TableOf(processId).Find(inode) ?? SocketDescription.FromProtocol(SysXattr.ProtocolOfSocket(path) ?? "");

    // Who holds the other end now. What the kernel recorded when the connection was made (SO_PEERCRED) is the second best: the
    // end may have been passed on since.
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
            // Datagram sockets have no such record.
            return null;
        }
    }

    private SocketTable TableOf(int processId)
    {
        string key = SocketTable.NamespaceOf(processId) ?? $"process {processId}";
        if (!_tables.TryGetValue(key, out SocketTable? table))
        {
            _tables.Add(key, table = SocketTable.Of(processId));
        }

        return table;
    }
}
