using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>Looks up the short names of processes: with <c>/proc/…/comm</c> on Linux, with proc_name on macOS.</summary>
internal static class ProcessNames
{
    /// <summary>Returns the name of a process; empty when the process has ended, or its name is not available.</summary>
    public static string Of(int process)
    {
        if (process <= 0)
        {
            return "";
        }

        return OperatingSystem.IsMacOS() ? LibProc.NameOf(process) : ProcFs.NameOf(process) ?? "";
    }
}
