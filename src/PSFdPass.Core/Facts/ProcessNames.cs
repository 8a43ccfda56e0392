using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>The short names of processes: <c>/proc/…/comm</c> on Linux, proc_name on macOS.</summary>
internal static class ProcessNames
{
    /// <summary>Returns the name of a process; empty when it has ended, or the name is not available.</summary>
    public static string Of(int process)
    {
        if (process <= 0)
        {
            return "";
        }

        return OperatingSystem.IsMacOS() ? LibProc.NameOf(process) : ProcFs.NameOf(process) ?? "";
    }
}
