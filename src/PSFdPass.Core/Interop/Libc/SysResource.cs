using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/resource.h&gt;</c>: the limits of this process. rlim_t has 64 bits on every supported system.</summary>
internal static unsafe partial class SysResource
{
    /// <summary>
    /// Gets this process's limit on open descriptors (the soft limit RLIMIT_NOFILE of getrlimit(2)), or 0 if it is not available.
    /// </summary>
    public static int MaxOpenFiles
    {
        get
        {
            ulong* softAndHard = stackalloc ulong[2];
            int resource = OperatingSystem.IsLinux() ? 7 : 8;
            return GetRLimit(resource, softAndHard) == 0 ? (int)Math.Min(softAndHard[0], int.MaxValue) : 0;
        }
    }

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetRLimit(int resource, ulong* softAndHard);
}
