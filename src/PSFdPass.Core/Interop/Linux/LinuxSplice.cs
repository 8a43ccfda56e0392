using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary>Linux's calls that move data between pipes (<c>&lt;fcntl.h&gt;</c> with _GNU_SOURCE).</summary>
internal static partial class LinuxSplice
{
    public const uint SPLICE_F_NONBLOCK = 0x2;

    /// <summary>
    /// tee(2): duplicates data from one pipe to another without consuming it. 0 means that nobody has the first pipe open for writing.
    /// -1 leaves the error in <see cref="Errno.Last"/>.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "tee", SetLastError = true)]
    public static partial nint Tee(int source, int target, nuint length, uint flags);
}
