using PSFdPass.Interop;

namespace PSFdPass.Descriptors;

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

        if (OperatingSystem.IsMacOS())
        {
            return LibProc.NameOf(process);
        }

        try
        {
            return OperatingSystem.IsLinux() ? File.ReadAllText($"/proc/{process}/comm").TrimEnd('\n') : "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has ended, or there is no descriptor left to read the file with.
            return "";
        }
    }
}
