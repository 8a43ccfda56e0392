using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Inspection;

/// <summary>Specifies the result of comparing a descriptor with an earlier description of it.</summary>
internal enum DescriptorComparison
{
    /// <summary>The descriptor refers to the same object.</summary>
    Same,

    /// <summary>The descriptor has been closed.</summary>
    Closed,

    /// <summary>The descriptor refers to another object, or was opened in another way.</summary>
    Different,

    /// <summary>Nothing differs, but the kernel does not report whether the object is the same.</summary>
    Unknown,
}

/// <summary>The identity of the object behind a descriptor, as the kernel reports it.</summary>
/// <param name="Kind">The kind of the object.</param>
/// <param name="Access">The access mode, which does not change while the descriptor is open.</param>
/// <param name="Device">The device of the inode.</param>
/// <param name="Inode">The inode number. All eventfds, timers, epoll instances and the like share one inode number.</param>
/// <param name="Detail">The line of fdinfo that distinguishes objects with the same inode, if there is one.</param>
internal readonly record struct DescriptorIdentity(DescriptorKind Kind, DescriptorAccess Access, ulong Device, ulong Inode, string? Detail)
{
    /// <summary>
    /// Gets a value indicating whether an object of this kind can be distinguished from one that was created later. An eventfd
    /// can't be distinguished, because its ID (eventfd-id in fdinfo) is reused as soon as the eventfd is closed.
    /// </summary>
    private bool IsConclusive => Kind is not (DescriptorKind.Event or DescriptorKind.Timer or DescriptorKind.Signal or DescriptorKind.Epoll
        or DescriptorKind.Inotify or DescriptorKind.IoUring or DescriptorKind.Other);

    /// <summary>Compares this identity, which was recorded earlier, with the current one.</summary>
    public DescriptorComparison CompareWith(DescriptorIdentity? now) =>
        now is not { } present ? DescriptorComparison.Closed
        : this != present ? DescriptorComparison.Different
        : IsConclusive ? DescriptorComparison.Same
        : DescriptorComparison.Unknown;

    /// <summary>Returns the identity of a descriptor; null when it is not open, or its process can't be inspected.</summary>
    public static DescriptorIdentity? Of(int process, int fd)
    {
        bool isOurs = process == Environment.ProcessId;
        SysStat.FileStatus status;
        if (isOurs ? !SysStat.TryGetStatus(fd, out status) : !SysStat.TryGetStatusOfPath(ProcFs.PathOf(process, fd), out status))
        {
            return null;
        }

        string link = isOurs ? DescriptorFacts.LinkOf(fd) : Unistd.ReadLink(ProcFs.PathOf(process, fd)) ?? "";
        DescriptorKind kind = DescriptorFacts.KindFrom(status.Type, link);
        int flags = isOurs ? Fcntl.Control(fd, Constants.F_GETFL)
            : ProcFs.TryRead($"/proc/{process}/fdinfo/{fd}") is { } text ? ProcFdInfo.Parse(text).Flags : -1;
        return flags < 0
            ? null
            : new DescriptorIdentity(kind, DescriptorFacts.AccessFrom(flags), status.Device, status.Inode, DetailOf(process, fd, kind));
    }

    /// <summary>Returns the line of fdinfo that distinguishes objects of some kinds; null for the others.</summary>
    public static string? DetailOf(int process, int fd, DescriptorKind kind)
    {
        string? start = kind switch
        {
            DescriptorKind.Event => "eventfd-id:",
            DescriptorKind.ProcessDescriptor => "Pid:",
            _ => null,
        };
        return start is null || !OperatingSystem.IsLinux()
            ? null
            : ProcFs.TryRead($"/proc/{process}/fdinfo/{fd}")?.Split('\n')
                .FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal));
    }
}
