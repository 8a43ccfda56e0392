using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Descriptors;

/// <summary>
/// Duplicates descriptors of this process or of another one. A duplicate is another number for the same open file description, and
/// shares its offset and its flags.
/// </summary>
internal static class Duplication
{
    private const int LastStandard = 2;

    /// <summary>Duplicates a descriptor of this process, close-on-exec (F_DUPFD_CLOEXEC of fcntl(2)).</summary>
    public static FileDescriptor Of(int fd)
    {
        int copy = Fcntl.Control(fd, Constants.Current.F_DUPFD_CLOEXEC);
        return copy >= 0
            ? new FileDescriptor(copy, ownsHandle: true)
            : throw SystemCallException.FromLast("fcntl", fd);
    }

    /// <summary>Duplicates a descriptor of this process to a specified number (dup3(2)).</summary>
    public static FileDescriptor To(int fd, int target, bool replace)
    {
        if (Fcntl.Control(fd, Constants.F_GETFD) < 0)
        {
            throw SystemCallException.FromLast("fcntl", fd);
        }

        if (fd == target)
        {
            throw new ArgumentException(SR.Format(SR.DuplicateSameNumber, target), nameof(target));
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

    /// <summary>Duplicates a descriptor of another process, close-on-exec (pidfd_getfd(2)).</summary>
    public static FileDescriptor FromProcess(int processId, int fd)
    {
        if (processId == Environment.ProcessId)
        {
            return Of(fd);
        }

        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException(SR.DuplicateFromProcessNotSupported);
        }

        int process = SysPidFd.Open(processId);
        if (process < 0)
        {
            // EINVAL, or ENOENT on newer kernels: the ID is 0, or is that of a thread other than the main thread of its process.
            int errno = Errno.Last is Errno.EINVAL or Errno.ENOENT ? Errno.ESRCH : Errno.Last;
            throw new SystemCallException("pidfd_open", errno, SR.Format(SR.SubjectProcess, processId));
        }

        using var handle = new SafeDescriptorHandle(process, ownsHandle: true);
        int copy = SysPidFd.GetFd(process, fd);
        if (copy < 0)
        {
            int errno = Errno.Last;
            throw new SystemCallException("pidfd_getfd", errno, SR.Format(SR.SubjectDescriptorOfProcess, fd, processId));
        }

        return new FileDescriptor(copy, ownsHandle: true);
    }

    // F_DUPFD_CLOEXEC returns the lowest free number that is not below the target. If that is not the target itself, the target is
    // in use. Checking first and then calling dup3(2) could close a file that another thread has opened in between.
    private static void Occupy(int fd, int target)
    {
        int copy = Fcntl.Control(fd, Constants.Current.F_DUPFD_CLOEXEC, target);
        if (copy < 0)
        {
            int errno = Errno.Last;
            throw errno == Errno.EINVAL ? NumberTooHigh(target) : new SystemCallException("fcntl", errno, fd);
        }

        if (copy != target)
        {
            _ = Closing.Close(copy);
            using var inUse = new FileDescriptor(target, ownsHandle: false);
            throw new InvalidOperationException(SR.Format(SR.DuplicateNumberInUse, target, inUse));
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
            throw errno == Errno.EBADF ? NumberTooHigh(target) : new SystemCallException("dup3", errno, SR.Format(SR.SubjectDuplicate, fd, target));
        }
    }

    private static ArgumentOutOfRangeException NumberTooHigh(int target) =>
        new(nameof(target), target, SR.DuplicateNumberInvalid);
}
