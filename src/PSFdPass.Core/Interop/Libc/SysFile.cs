using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/file.h&gt;</c>: advisory locks.</summary>
internal static partial class SysFile
{
    public const int LOCK_EX = 2;
    public const int LOCK_NB = 4;
    public const int LOCK_UN = 8;

    /// <summary>
    /// flock(2). Returns -1 on failure, with the error in <see cref="Errno.Last"/>: EAGAIN when another process has the lock.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int FLock(int descriptor, int operation);
}
