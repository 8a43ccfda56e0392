using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>
/// Lists the numbers of processes, threads and descriptors from the directories of <c>/proc</c> (proc(5)). Linux only.
/// </summary>
internal static class ProcDirectory
{
    /// <summary>Returns the numbers of a process's open descriptors, in order.</summary>
    /// <exception cref="SystemCallException">
    /// Thrown when the process does not exist or is hidden from this one (ESRCH), when it may not be inspected (EACCES), or when no
    /// descriptor is left for reading its directory (EMFILE).
    /// </exception>
    public static int[] DescriptorsOf(int process)
    {
        if (TryDescriptorsOf(process) is { } numbers)
        {
            return numbers;
        }

        // ENOENT: the process does not exist. ESRCH: it ended while its descriptors were read.
        int errno = Errno.Last;
        throw errno is Errno.ENOENT or Errno.ESRCH
            ? new SystemCallException("opendir", Errno.ESRCH, SR.Format(SR.SubjectProcess, process))
            : new SystemCallException("opendir", errno, SR.Format(SR.SubjectDescriptorsOfProcess, process));
    }

    /// <summary>
    /// Returns the numbers of a process's open descriptors, in order. When the result is null, the error is in
    /// <see cref="Errno.Last"/>.
    /// </summary>
    public static int[]? TryDescriptorsOf(int process) => Numbers($"/proc/{process}/fd", isOurs: process == Environment.ProcessId);

    /// <summary>Returns the IDs of all processes, in order. Those that are hidden from this process are not included.</summary>
    public static int[] Processes() => Numbers("/proc", isOurs: false) ?? [];

    /// <summary>Returns the IDs of this process's threads, in order.</summary>
    public static int[] ThreadsOfThisProcess() => Numbers("/proc/self/task", isOurs: false) ?? [];

    private static int[]? Numbers(string directory, bool isOurs)
    {
        int fd = Fcntl.Open(directory, Constants.O_RDONLY | Constants.Current.O_DIRECTORY | Constants.Current.O_CLOEXEC);
        if (fd < 0)
        {
            return null;
        }

        var numbers = new List<int>();
        using (var handle = new SafeDescriptorHandle(fd, ownsHandle: true))
        {
            if (!LinuxDirent.TryReadNumbers(fd, numbers))
            {
                int errno = Errno.Last;
                handle.Dispose();
                System.Runtime.InteropServices.Marshal.SetLastPInvokeError(errno);
                return null;
            }
        }

        if (isOurs)
        {
            // The list includes the descriptor that was used to read it.
            numbers.Remove(fd);
        }

        numbers.Sort();
        return [.. numbers];
    }
}
