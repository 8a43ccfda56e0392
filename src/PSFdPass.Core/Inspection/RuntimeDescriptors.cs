using System.Globalization;
using PSFdPass.Facts;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Inspection;

/// <summary>
/// Finds the descriptors of this process that belong to the runtime. Closing one of them by its number would cause a failure later, in an
/// unrelated place.
/// </summary>
/// <remarks>
/// The kernel does not record who opened a descriptor. A descriptor is recognized by what it refers to. It must also be
/// close-on-exec, because an inherited descriptor never belongs to the runtime. The following descriptors are recognized:
/// <list type="bullet">
/// <item>epoll and inotify instances, which usually only the runtime creates;</item>
/// <item>the eventfd that wakes this library's thread for asynchronous waits;</item>
/// <item>files that are mapped as programs, libraries or data of the runtime, and the memory files of its executable memory;</item>
/// <item>pipes on which one of the runtime's own threads waits, and the other ends of these pipes;</item>
/// <item>sockets for diagnostics and debuggers, which are recognized by their names;</item>
/// <item><c>/dev/urandom</c> and <c>/dev/tty</c>, which the runtime keeps open, and duplicates of the standard streams, which
/// Console makes. Linux 6.10 and later distinguish a duplicate from a file that was opened twice (F_DUPFD_QUERY of fcntl(2)). On other
/// systems, the same file, opened in the same way, counts as a duplicate.</item>
/// </list>
/// A descriptor that is not recognized is reported as not belonging to the runtime. Mappings and pipes are read once, so use an
/// instance only for descriptors at one moment.
/// </remarks>
internal sealed class RuntimeDescriptors
{
    /// <summary>The highest number of a standard stream.</summary>
    public const int LastStandard = 2;

    private const int F_DUPFD_QUERY = 1027;

    private readonly Lazy<HashSet<(ulong Inode, string Path)>> _mapped = new(ReadMaps);
    private readonly Lazy<HashSet<ulong>> _pipes = new(RuntimeThreads.FindPipes);

    /// <summary>Returns whether a descriptor of this process belongs to the runtime.</summary>
    public bool IsOwned(
        int fd, DescriptorKind kind, DescriptorAccess access, DescriptorFlags flags, SysStat.FileStatus status, string link, SocketDescription? socket)
    {
        if (fd <= LastStandard || (flags & DescriptorFlags.CloseOnExec) == 0)
        {
            return false;
        }

        return kind switch
        {
            DescriptorKind.Epoll or DescriptorKind.Inotify => true,

            // On macOS, only a kqueue has no file type.
            DescriptorKind.Other => OperatingSystem.IsMacOS(),
            DescriptorKind.Event => fd == ReadinessPoller.WakeNumber,
            DescriptorKind.CharacterDevice => link is "/dev/urandom" or "/dev/tty" || IsDuplicateOfStandard(fd, status),
            DescriptorKind.File when access == DescriptorAccess.Read => _mapped.Value.Contains((status.Inode, link)) || IsDuplicateOfStandard(fd, status),
            DescriptorKind.MemoryFile when link.StartsWith("/memfd:doublemapper", StringComparison.Ordinal) =>
                _mapped.Value.Contains((status.Inode, link)),
            DescriptorKind.Pipe => _pipes.Value.Contains(status.Inode) || IsDuplicateOfStandard(fd, status),
            DescriptorKind.Socket => IsDiagnostic(socket) || IsDuplicateOfStandard(fd, status),
            _ => IsDuplicateOfStandard(fd, status),
        };
    }

    // The names are dotnet-diagnostic-<pid>-<start>-socket and CoreFxPipe_PSHost.<time>.<pid>.<domain>.<name>.
    private static bool IsDiagnostic(SocketDescription? socket)
    {
        if (socket is not { Family: SocketFamily.Unix, Local: { } local } || local.ToString() is not { } name)
        {
            return false;
        }

        string id = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return (name.Contains($"/dotnet-diagnostic-{id}-", StringComparison.Ordinal) && name.EndsWith("-socket", StringComparison.Ordinal)) ||
            (name.Contains("/CoreFxPipe_PSHost.", StringComparison.Ordinal) && name.Contains($".{id}.", StringComparison.Ordinal));
    }

    private static bool IsDuplicateOfStandard(int fd, SysStat.FileStatus status)
    {
        for (int standard = 0; standard <= LastStandard; standard++)
        {
            if (SysStat.TryGetStatus(standard, out SysStat.FileStatus other) &&
                (status.Device, status.Inode) == (other.Device, other.Inode) && IsDuplicate(fd, standard))
            {
                return true;
            }
        }

        return false;
    }

    // Compares two descriptors of one file. A duplicate shares the status flags, so a descriptor with other flags is not a duplicate.
    private static bool IsDuplicate(int fd, int other)
    {
        int answer = OperatingSystem.IsLinux() ? Fcntl.Control(fd, F_DUPFD_QUERY, other) : -1;
        return answer >= 0 ? answer > 0 : Fcntl.Control(fd, Constants.F_GETFL) == Fcntl.Control(other, Constants.F_GETFL);
    }

    // Lines of proc_pid_maps(5): range, permissions, offset, device, inode and path. A shared mapping that is not executable was
    // made by user code (MemoryMappedFile), unless it is a mapping of an assembly without machine code, or of its symbols.
    private static HashSet<(ulong, string)> ReadMaps()
    {
        var mapped = new HashSet<(ulong, string)>();
        foreach (ReadOnlySpan<char> line in (OperatingSystem.IsLinux() ? ProcFs.TryRead("/proc/self/maps") ?? "" : "").AsSpan().EnumerateLines())
        {
            int path = line.IndexOf('/');
            if (path < 0)
            {
                continue;
            }

            string[] columns = line[..path].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (columns is [_, { Length: 4 } permissions, _, _, var number] && ulong.TryParse(number, CultureInfo.InvariantCulture, out ulong inode) &&
                (permissions[3] == 'p' || permissions[2] == 'x' || line.EndsWith(".dll", StringComparison.Ordinal) || line.EndsWith(".pdb", StringComparison.Ordinal)))
            {
                mapped.Add((inode, line[path..].ToString()));
            }
        }

        return mapped;
    }
}
