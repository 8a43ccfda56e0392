using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>The short names of processes: <c>/proc/…/comm</c> on Linux, proc_name on macOS.</summary>
internal static class ProcessNames
{
    /// <summary>The name of a process; empty when it is gone, or the system does not tell.</summary>
    public static string Of(int process)
    {
        if (process <= 0)
        {
            return "";
        }

        return OperatingSystem.IsMacOS() ? LibProc.NameOf(process) : ProcFs.NameOf(process) ?? "";
    }
}
