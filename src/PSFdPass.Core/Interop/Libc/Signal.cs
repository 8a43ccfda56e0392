using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;signal.h&gt;</c>: sends signals to processes.</summary>
internal static partial class Signal
{
    public const int SIGKILL = 9;

    /// <summary>The size to allocate for <c>sigset_t</c>: 128 bytes in glibc and musl, 4 on macOS.</summary>
    public const int SetSize = 128;

    /// <summary>kill(2). Returns -1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);
}
