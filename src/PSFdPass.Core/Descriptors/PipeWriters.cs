using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Descriptors;

/// <summary>Finds out whether a pipe has, or had, a writer, without consuming data.</summary>
internal sealed unsafe class PipeWriters : IDisposable
{
    private SafeDescriptorHandle? _read;
    private SafeDescriptorHandle? _write;

    /// <summary>Returns whether a writer has opened the pipe since the given read end was opened.</summary>
    /// <remarks>
    /// poll(2) shows that there is data, or that a writer has closed the pipe. To detect a writer that has not written anything
    /// yet, tee(2) to a private pipe is used on Linux: it returns 0 when no process has the pipe open for writing, and fails with
    /// EAGAIN when a process has it open for writing, but there is no data. On macOS, a writer is detected only after it has
    /// written.
    /// </remarks>
    /// <exception cref="SystemCallException">Thrown when no descriptor is left for the private pipe: EMFILE, ENFILE.</exception>
    public bool HaveOpened(int reader)
    {
        var descriptor = new Poll.PollFd { fd = reader, events = Poll.POLLIN };
        if (Poll.Wait(&descriptor, 1, 0) > 0)
        {
            return true;
        }

        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        EnsurePipe();
        nint copied;
        do
        {
            copied = LinuxSplice.Tee(reader, (int)_write!.DangerousGetHandle(), 1, LinuxSplice.SPLICE_F_NONBLOCK);
        }
        while (copied < 0 && Errno.Last == Errno.EINTR);

        return copied >= 0 ? copied > 0 : Errno.Last == Errno.EAGAIN ? true : throw SystemCallException.FromLast("tee");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _read?.Dispose();
        _write?.Dispose();
    }

    private void EnsurePipe()
    {
        if (_write is null)
        {
            int* pair = stackalloc int[2];
            if (Unistd.Pipe2(pair, Constants.Current.O_CLOEXEC) < 0)
            {
                throw SystemCallException.FromLast("pipe2");
            }

            _read = new SafeDescriptorHandle(pair[0], ownsHandle: true);
            _write = new SafeDescriptorHandle(pair[1], ownsHandle: true);
        }
    }
}
