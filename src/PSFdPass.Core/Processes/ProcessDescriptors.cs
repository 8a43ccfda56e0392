using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Processes;

/// <summary>Opens process descriptors of children (pidfd_open(2)).</summary>
internal static class ProcessDescriptors
{
    /// <summary>
    /// Opens the process descriptor of a child. The caller must not have reaped the child, because its ID could have been reused.
    /// Detects whether the child has been reaped elsewhere.
    /// </summary>
    /// <param name="id">The process ID.</param>
    /// <param name="isGone">True when the child has ended and has been reaped elsewhere.</param>
    /// <returns>
    /// Null when <paramref name="isGone"/> is true, or when the descriptor can't be opened: on macOS, on Linux before 5.4, in a
    /// sandbox that denies the call, or when this process has reached its limit of open descriptors (EMFILE).
    /// </returns>
    public static SafeDescriptorHandle? TryOpen(int id, out bool isGone)
    {
        isGone = false;
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        int fd = SysPidFd.Open(id);
        if (fd < 0)
        {
            isGone = Errno.Last == Errno.ESRCH;
            return null;
        }

        var handle = new SafeDescriptorHandle(fd, ownsHandle: true);
        if (SysWait.TryWait(fd, reap: false, out _, out _) >= 0)
        {
            return handle;
        }

        // ECHILD means that the ID now belongs to another process, and EINVAL that waitid(2) does not support process descriptors
        // (Linux 5.3).
        isGone = Errno.Last == Errno.ECHILD;
        handle.Dispose();
        return null;
    }
}
