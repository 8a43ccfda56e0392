using PSFdPass.Facts;
using PSFdPass.Inspection;
using PSFdPass.Interop;

namespace PSFdPass.Completion;

/// <summary>A process and the number of its sockets, which are shown to help the user choose a process.</summary>
/// <param name="ProcessId">The process ID.</param>
/// <param name="Name">The name of its program.</param>
/// <param name="Sockets">The number of its descriptors that are sockets; 0 also when this process may not inspect it.</param>
public sealed record ProcessSummary(int ProcessId, string Name, int Sockets)
{
    /// <summary>
    /// Returns all visible processes: those with sockets first, then the others, each in the order of their IDs. The list is empty on
    /// systems other than Linux, which do not have /proc.
    /// </summary>
    public static IReadOnlyList<ProcessSummary> All()
    {
        if (!OperatingSystem.IsLinux())
        {
            return [];
        }

        return
        [
            .. ProcDirectory.Processes()
                .Select(process => new ProcessSummary(process, ProcFs.NameOf(process) ?? "", SocketHolders.SocketsOf(process).Count))
                .Where(process => process.Name.Length > 0)
                .OrderBy(process => process.Sockets == 0)
                .ThenBy(process => process.ProcessId),
        ];
    }
}
