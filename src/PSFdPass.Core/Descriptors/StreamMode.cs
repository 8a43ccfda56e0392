using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Descriptors;

/// <summary>
/// Reads and writes a descriptor in the way that suits its kind, without blocking and without changing O_NONBLOCK.
/// </summary>
/// <remarks>
/// Sockets are read and written by <see cref="SocketTransfer"/>. Calls on files never report that they would block. On pipes and
/// devices, RWF_NOWAIT (Linux) makes a single call non-blocking. If RWF_NOWAIT is not supported, poll(2) is called first. The read
/// or write after it can still block if another process has read or written in between.
/// </remarks>
internal sealed unsafe class StreamMode(bool isFile, bool isSocket = false)
{
    /// <summary>
    /// The value of PIPE_BUF on this system. A write of up to this many bytes to a pipe that poll(2) reports as writable does not
    /// block.
    /// </summary>
    public static readonly int PipeBuf = OperatingSystem.IsLinux() ? 4096 : 512;

    private volatile bool _needsPoll = !OperatingSystem.IsLinux();

    /// <summary>
    /// Gets a value indicating whether the descriptor is a file, directory or block device, on which calls never report that they
    /// would block.
    /// </summary>
    public bool IsFile => isFile;

    /// <summary>Gets a value indicating whether the descriptor is a socket.</summary>
    public bool IsSocket => isSocket;

    /// <summary>Returns the mode of a descriptor of any kind.</summary>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not open (EBADF).</exception>
    public static StreamMode Of(int fd) => SysStat.TryGetStatus(fd, out SysStat.FileStatus status)
        ? new StreamMode(status.Type is SysStat.S_IFREG or SysStat.S_IFBLK or SysStat.S_IFDIR, status.Type == SysStat.S_IFSOCK)
        : throw SystemCallException.FromLast("fstat", fd);

    /// <summary>Tries to read available data, without waiting.</summary>
    public Outcome Read(int fd, byte* buffer, int length, out int count)
    {
        if (isSocket)
        {
            return SocketTransfer.Read(fd, buffer, length, out count);
        }

        nint result = -1;
        if (!isFile && !_needsPoll)
        {
            result = SysUio.ReadWithoutWaiting(fd, buffer, (nuint)length);
            _needsPoll = result < 0 && IsUnsupported(Errno.Last);
        }

        if (isFile || _needsPoll)
        {
            if (!isFile && !IsReady(fd, Poll.POLLIN))
            {
                count = 0;
                return Outcome.NotReady;
            }

            result = Unistd.Read(fd, buffer, (nuint)length);
        }

        return OutcomeOf(result, "read", fd, out count);
    }

    /// <summary>Tries to write as much of the data as fits, without waiting.</summary>
    public Outcome Write(int fd, byte* buffer, int length, out int count)
    {
        if (isSocket)
        {
            return SocketTransfer.Write(fd, buffer, length, out count);
        }

        nint result = -1;
        if (!isFile && !_needsPoll)
        {
            result = SysUio.WriteWithoutWaiting(fd, buffer, (nuint)length);
            _needsPoll = result < 0 && IsUnsupported(Errno.Last);
        }

        if (isFile || _needsPoll)
        {
            if (!isFile && !IsReady(fd, Poll.POLLOUT))
            {
                count = 0;
                return Outcome.NotReady;
            }

            result = Unistd.Write(fd, buffer, (nuint)(isFile ? length : Math.Min(length, PipeBuf)));
        }

        return OutcomeOf(result, "write", fd, out count);
    }

    /// <summary>
    /// Returns whether poll(2) reports a descriptor as ready. Returns false if a signal interrupts poll(2), because a read or write
    /// could then block.
    /// </summary>
    public static bool IsReady(int fd, short events)
    {
        var descriptor = new Poll.PollFd { fd = fd, events = events };
        return Poll.Wait(&descriptor, 1, 0) > 0;
    }

    // ENOSYS and EPERM: a kernel before 4.6, or a sandbox. EINVAL: /dev/tty, and other files whose driver has no read_iter.
    private static bool IsUnsupported(int errno) =>
        errno == Errno.EOPNOTSUPP || errno == Errno.ENOSYS || errno is Errno.EINVAL or Errno.EPERM;

    /// <summary>Returns the outcome of a call that returned a number of bytes, or -1.</summary>
    /// <exception cref="SystemCallException">Thrown when the call failed.</exception>
    public static Outcome OutcomeOf(nint result, string call, int fd, out int count)
    {
        count = (int)Math.Max(result, 0);
        int errno = result < 0 ? Errno.Last : 0;
        return result >= 0 ? Outcome.Done
            : errno == Errno.EINTR ? Outcome.Again
            : errno == Errno.EAGAIN ? Outcome.NotReady
            : throw new SystemCallException(call, errno, fd);
    }
}
