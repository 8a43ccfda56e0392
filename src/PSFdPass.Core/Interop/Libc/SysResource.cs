using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/resource.h&gt;</c>. rlim_t has 64 bits everywhere.</summary>
internal static unsafe partial class SysResource
{
    /// <summary>Gets this process's limit of open descriptors (the soft limit RLIMIT_NOFILE of getrlimit(2)); 0 when it is not known.</summary>
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
