using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// Tells which descriptors of this process are the runtime's own, or may be: to close one of those by its number would break
/// the process in ways that nobody would trace back to it.
/// </summary>
/// <remarks>
/// The system does not know who opened a descriptor, so this errs on the side of keeping it:
/// <list type="bullet">
/// <item>0, 1 and 2 are the standard streams.</item>
/// <item>What was open when <see cref="RememberOpen"/> was called (by the module, when it is imported) is the runtime's, the
/// shell's or was inherited: its pipes and sockets for signals, diagnostics and debuggers, its terminal, the assemblies loaded
/// so far. A number counts only while it is still the same file.</item>
/// <item>What was opened since then is the runtime's if nothing else in a .NET process makes its kind (epoll, inotify), if it is
/// a file that is mapped into memory (an assembly, a native library, data), if it is one of the two devices that the runtime
/// keeps open once it has used them, or if it is a connection to its sockets for diagnostics and debuggers.</item>
/// <item>What is a duplicate of 0, 1 or 2 is the console's: it makes its own when it is first written to or read. Linux 6.10
/// tells a duplicate from another open of the same file (F_DUPFD_QUERY of fcntl(2)). Elsewhere the same file, opened the same
/// way, counts as one; so does another <c>/dev/null</c> where a standard stream is that.</item>
/// </list>
/// Everything else is taken for the user's.
/// </remarks>
public static class RuntimeDescriptors
{
    /// <summary>The last of the numbers that the standard streams have.</summary>
    internal const int LastStandard = 2;

    private const int F_DUPFD_QUERY = 1027;

    // Three arrays, in the order of the numbers: this is made at every import, and a dictionary of pairs would have to be compiled.
    private static int[] s_numbers = [];
    private static ulong[] s_devices = [];
    private static ulong[] s_inodes = [];

    /// <summary>Remembers what is open now as not the user's. Only the first call does anything.</summary>
    public static void RememberOpen()
    {
        if (s_numbers.Length > 0)
        {
            return;
        }

        int[] numbers = OpenDescriptors.Numbers();
        ulong[] devices = new ulong[numbers.Length];
        ulong[] inodes = new ulong[numbers.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            // What is closed by now keeps 0, which no file has for both.
            _ = SysStat.TryGetStatus(numbers[i], out SysStat.FileStatus status);
            (devices[i], inodes[i]) = (status.Device, status.Inode);
        }

        (s_devices, s_inodes, s_numbers) = (devices, inodes, numbers);
    }

    /// <summary>Why a descriptor should not be closed, as the end of a sentence about it; null when nothing speaks against it.</summary>
    /// <param name="fd">A descriptor of this process.</param>
    public static string? ReasonToKeep(int fd) =>
        fd is >= 0 and <= LastStandard ? "is a standard stream of this process"
        : !SysStat.TryGetStatus(fd, out SysStat.FileStatus status) ? null
        : IsRemembered(fd, status)
            ? "was open before PSFdPass was loaded, and may be the runtime's own"
        : IsStandard(fd, status) ? "is a duplicate of a standard stream, and may be the console's own"
        : IsMadeByRuntime(fd, status) ? "is the runtime's own"
        : null;

    private static bool IsRemembered(int fd, SysStat.FileStatus status)
    {
        int index = Array.BinarySearch(s_numbers, fd);
        return index >= 0 && s_devices[index] == status.Device && s_inodes[index] == status.Inode;
    }

    private static bool IsStandard(int fd, SysStat.FileStatus status)
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

    // Of two descriptors of one file. A duplicate shares the flags of its description, so others tell that it is none.
    private static bool IsDuplicate(int fd, int other)
    {
        int answer = OperatingSystem.IsLinux() ? Fcntl.Control(fd, F_DUPFD_QUERY, other) : -1;
        return answer >= 0 ? answer > 0 : Fcntl.Control(fd, Constants.F_GETFL) == Fcntl.Control(other, Constants.F_GETFL);
    }

    private static bool IsMadeByRuntime(int fd, SysStat.FileStatus status)
    {
        string link = DescriptorInspection.LinkOf(fd);
        return DescriptorInspection.KindFrom(status.Type, link) switch
        {
            DescriptorKind.Epoll or DescriptorKind.Inotify => true,

            // Nothing but a kqueue has no type there.
            DescriptorKind.Other => OperatingSystem.IsMacOS(),
            DescriptorKind.CharacterDevice => link is "/dev/urandom" or "/dev/tty",
            DescriptorKind.File => IsMapped(link),
            DescriptorKind.Socket => DescriptorInspection.TargetOf(fd, DescriptorKind.Socket) is { } target &&
                (target.Contains("/dotnet-diagnostic-", StringComparison.Ordinal) || target.Contains("/CoreFxPipe_PSHost.", StringComparison.Ordinal)),
            _ => false,
        };
    }

    // Each line of /proc/self/maps ends with the path of what is mapped (proc_pid_maps(5)).
    private static bool IsMapped(string path) =>
        OperatingSystem.IsLinux() && path.Length > 0 &&
        (ProcFs.TryRead("/proc/self/maps") ?? "").Split('\n').Any(line => line.EndsWith(" " + path, StringComparison.Ordinal));
}
