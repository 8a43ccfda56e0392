using PSFdPass.Facts;
using PSFdPass.Inspection;
using PSFdPass.Interop;

namespace PSFdPass.Completion;

/// <summary>A process and the number of its sockets, which help to choose a process.</summary>
/// <param name="ProcessId">Its id.</param>
/// <param name="Name">The name of its program.</param>
/// <param name="Sockets">The number of its descriptors that are sockets; also 0 when this process may not inspect it.</param>
public sealed record ProcessSummary(int ProcessId, string Name, int Sockets)
{
    /// <summary>
    /// Returns all visible processes: those with sockets first, and then by their ids. The list is empty on systems other than
    /// Linux, which do not have /proc.
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
