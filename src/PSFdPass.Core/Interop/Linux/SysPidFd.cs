namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/pidfd.h&gt;</c>: opens and uses process descriptors. On Linux only.</summary>
internal static class SysPidFd
{
    // Called by number, because glibc has wrappers only since 2.36. The numbers are the same on every architecture.
    private const nint SYS_pidfd_send_signal = 424;
    private const nint SYS_pidfd_open = 434;
    private const nint SYS_pidfd_getfd = 438;

    /// <summary>pidfd_open(2), Linux 5.3. Returns −1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    public static int Open(int process) => (int)Unistd.SysCall(SYS_pidfd_open, process, 0, 0, 0, 0);

    /// <summary>pidfd_getfd(2), Linux 5.6: duplicates a descriptor of another process into this one, with close-on-exec.</summary>
    public static int GetFd(int processDescriptor, int descriptor) =>
        (int)Unistd.SysCall(SYS_pidfd_getfd, processDescriptor, descriptor, 0, 0, 0);

    /// <summary>pidfd_send_signal(2), Linux 5.1. Returns -1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    public static int SendSignal(int processDescriptor, int signal) =>
        (int)Unistd.SysCall(SYS_pidfd_send_signal, processDescriptor, signal, 0, 0, 0);
}
