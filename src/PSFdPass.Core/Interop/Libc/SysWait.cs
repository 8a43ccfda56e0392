using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/wait.h&gt;</c>: determines how a child process ended. Both methods return at once.</summary>
internal static unsafe partial class SysWait
{
    private const int WNOHANG = 1;
    private const int WEXITED = 4;

    // Linux only.
    private const int P_PIDFD = 3;
    private const int WNOWAIT = 0x1000000;

    private const int CLD_EXITED = 1;

    /// <summary>
    /// waitid(2) with P_PIDFD (Linux 5.4). Returns 1 if the child has ended, 0 if it is running, and -1 on failure, with the error
    /// in <see cref="Errno.Last"/>: ECHILD if it is not a child of this process or has already been reaped.
    /// </summary>
    /// <param name="processDescriptor">The process descriptor of the child.</param>
    /// <param name="reap">True to reap a child that has ended; false to leave it as a zombie.</param>
    /// <param name="status">The exit code, or the number of the signal that ended the child.</param>
    /// <param name="isSignal">True if a signal ended the child.</param>
    public static int TryWait(int processDescriptor, bool reap, out int status, out bool isSignal)
    {
        SigInfo info = default;
        int result;
        do
        {
            result = WaitId(P_PIDFD, (uint)processDescriptor, &info, WEXITED | WNOHANG | (reap ? 0 : WNOWAIT));
        }
        while (result < 0 && Errno.Last == Errno.EINTR);

        status = info.si_status;
        isSignal = info.si_code != CLD_EXITED;
        return result < 0 ? -1 : info.si_pid == 0 ? 0 : 1;
    }

    /// <summary>waitpid(2), which reaps the child. The results are those of <see cref="TryWait"/>.</summary>
    public static int TryWaitById(int process, out int status, out bool isSignal)
    {
        int encoded = 0;
        int result;
        do
        {
            result = WaitPid(process, &encoded, WNOHANG);
        }
        while (result < 0 && Errno.Last == Errno.EINTR);

        int signal = encoded & 0x7f;
        isSignal = signal != 0;
        status = isSignal ? signal : (encoded >> 8) & 0xff;
        return result < 0 ? -1 : result == 0 ? 0 : 1;
    }

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int type, uint id, SigInfo* info, int options);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitPid(int process, int* status, int options);

    /// <summary>The fields of Linux's <c>siginfo_t</c> that waitid fills in.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct SigInfo
    {
        [FieldOffset(8)]
        public int si_code;

        [FieldOffset(16)]
        public int si_pid;

        [FieldOffset(24)]
        public int si_status;
    }
}
