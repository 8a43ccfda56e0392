using PSFdPass.Facts;
using PSFdPass.Inspection;
using PSFdPass.Interop;

namespace PSFdPass.Completion;

/// <summary>A process, and how many sockets it has: what helps to choose one.</summary>
/// <param name="ProcessId">Its id.</param>
/// <param name="Name">The name of its program.</param>
/// <param name="Sockets">How many of its descriptors are sockets; 0 also when this process may not look at it.</param>
public sealed record ProcessSummary(int ProcessId, string Name, int Sockets)
{
    /// <summary>
    /// All processes that are visible: those with sockets first, and then by their ids. Empty on systems other than Linux,
    /// which do not report them.
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
