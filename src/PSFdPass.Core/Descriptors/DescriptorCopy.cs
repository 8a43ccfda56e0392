using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// Duplicates descriptors: another number for the same open file description, with the same offset and flags, in this process or
/// out of another one.
/// </summary>
public static class DescriptorCopy
{
    private const int LastStandard = 2;

    /// <summary>Makes another descriptor of the same description, close-on-exec (F_DUPFD_CLOEXEC of fcntl(2)).</summary>
    /// <param name="fd">A descriptor of this process.</param>
    /// <returns>The copy, which is the caller's.</returns>
    /// <exception cref="SystemCallException">EBADF: it is not open. EMFILE: there is no descriptor left.</exception>
    public static FileDescriptor Of(int fd)
    {
        int copy = Fcntl.Control(fd, Constants.Current.F_DUPFD_CLOEXEC);
        return copy >= 0
            ? new FileDescriptor(copy, ownsHandle: true)
            : throw SystemCallException.FromLast("fcntl", $"F_DUPFD_CLOEXEC of descriptor {fd}");
    }

    /// <summary>Makes a copy that has a certain number (dup3(2)).</summary>
    /// <remarks>
    /// The copy is close-on-exec, unless its number is 0, 1 or 2: those are the standard streams, which programs that are
    /// started are to have. These also stay open when the object that is returned is dropped.
    /// </remarks>
    /// <param name="fd">A descriptor of this process.</param>
    /// <param name="target">The number to have.</param>
    /// <param name="replace">True to close what has the number now; both happen in one step.</param>
    /// <returns>The copy, which is the caller's.</returns>
    /// <exception cref="ArgumentException">It has that number already.</exception>
    /// <exception cref="ArgumentOutOfRangeException">No descriptor can have the number.</exception>
    /// <exception cref="DescriptorInUseException">The number is taken, and is not to be replaced.</exception>
    /// <exception cref="SystemCallException">EBADF: the descriptor is not open.</exception>
    public static FileDescriptor To(int fd, int target, bool replace = false)
    {
        if (Fcntl.Control(fd, Constants.F_GETFD) < 0)
        {
            throw SystemCallException.FromLast("fcntl", $"descriptor {fd}");
        }

        if (fd == target)
        {
            throw new ArgumentException($"Descriptor {fd} has the number {target} already.");
        }

        if (replace)
        {
            Replace(fd, target);
        }
        else
        {
            Occupy(fd, target);
        }

        return new FileDescriptor(target, ownsHandle: target > LastStandard);
    }

    /// <summary>Takes a copy of a descriptor out of another process, close-on-exec (pidfd_getfd(2)). On Linux only.</summary>
    /// <param name="processId">The process.</param>
    /// <param name="fd">The descriptor's number there.</param>
    /// <returns>The copy, which is the caller's; the other process keeps its own.</returns>
    /// <exception cref="SystemCallException">
    /// ESRCH: there is no such process. EBADF: it has no such descriptor. EPERM: this process may not; the message says why.
    /// ENOSYS: the kernel is older than Linux 5.6.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public static FileDescriptor From(int processId, int fd)
    {
        if (processId == Environment.ProcessId)
        {
            return Of(fd);
        }

        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Only Linux can take a descriptor out of another process (pidfd_getfd).");
        }

        int process = SysPidFd.Open(processId);
        if (process < 0)
        {
            throw Errno.Last == Errno.EINVAL
                // The id of a thread that does not lead its process, or 0.
                ? new SystemCallException("pidfd_open", Errno.ESRCH, $"process {processId}")
                : SystemCallException.FromLast("pidfd_open", $"process {processId}");
        }

        using var handle = new SafeDescriptorHandle(process, ownsHandle: true);
        int copy = SysPidFd.GetFd(process, fd);
        return copy >= 0
            ? new FileDescriptor(copy, ownsHandle: true)
            : throw SystemCallException.FromLast("pidfd_getfd", $"descriptor {fd} of process {processId}");
    }

    // The kernel gives the lowest free number from the target on: it is the target, or the target is taken. To ask first and
    // then call dup3 would close what another thread has opened in between.
    private static void Occupy(int fd, int target)
    {
        int copy = Fcntl.Control(fd, Constants.Current.F_DUPFD_CLOEXEC, target);
        if (copy < 0)
        {
            int errno = Errno.Last;
            throw errno == Errno.EINVAL ? Beyond(target) : new SystemCallException("fcntl", errno, $"F_DUPFD_CLOEXEC of descriptor {fd}");
        }

        if (copy != target)
        {
            _ = Closing.Close(copy);
            throw new DescriptorInUseException(target, $"Descriptor {Describe(target)} is open: -Force replaces it.");
        }

        if (target <= LastStandard)
        {
            _ = Fcntl.Control(target, Constants.F_SETFD, 0);
        }
    }

    private static void Replace(int fd, int target)
    {
        DescriptorNumbers.Take(target);
        int copy = Unistd.Replace(fd, target, closeOnExec: target > LastStandard);
        if (copy < 0)
        {
            int errno = Errno.Last;
            throw errno == Errno.EBADF ? Beyond(target) : new SystemCallException("dup3", errno, $"descriptor {fd} to {target}");
        }
    }

    private static ArgumentOutOfRangeException Beyond(int target) =>
        new(null, $"No descriptor can have the number {target}: they are counted from 0 up to the limit of open files (ulimit -n).");

    private static string Describe(int fd)
    {
        try
        {
            using var open = new FileDescriptor(fd, ownsHandle: false);
            return open.ToString();
        }
        catch (IOException)
        {
            return $"{fd}";
        }
    }
}
