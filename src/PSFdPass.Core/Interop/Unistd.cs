using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;unistd.h&gt;</c>.</summary>
internal static unsafe partial class Unistd
{
    /// <summary>close(2). Never called again after EINTR: the descriptor is gone by then.</summary>
    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    /// <summary>geteuid(2).</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint GetEUid();

    /// <summary>syscall(2), on Linux only: for calls whose libc wrapper is younger than the libc of a supported system.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial nint SysCall(nint number, nint first, nint second, nint third, nint fourth, nint fifth);
}
