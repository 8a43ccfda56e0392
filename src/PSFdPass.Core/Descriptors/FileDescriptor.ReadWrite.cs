using System.Runtime.InteropServices;
using PSFdPass.Descriptors;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <content>
/// Methods that read and write without blocking. They do not set O_NONBLOCK, because the flag would affect the other processes that
/// share the open file description.
/// </content>
public sealed partial class FileDescriptor
{
    /// <summary>
    /// Reads what is available, without blocking. A socket is read by recv(2) with MSG_DONTWAIT, any other file by poll(2) and
    /// read(2).
    /// </summary>
    /// <param name="descriptor">A descriptor of any kind that can be read.</param>
    /// <param name="buffer">The buffer for the data.</param>
    /// <param name="bytes">The number of bytes that were read; 0 at end of file.</param>
    /// <returns>False when nothing is available yet.</returns>
    /// <remarks>
    /// Descriptors that are attached to a socket's data are discarded; receive them with <see cref="DescriptorReceiver"/>. If
    /// another thread or process reads from the same pipe or terminal at the same time, the call can still block.
    /// </remarks>
    /// <exception cref="SystemCallException">Thrown when recv(2) or read(2) fails: ECONNRESET, EBADF, EISDIR and so on.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor is closed.</exception>
    public static unsafe bool TryRead(SafeHandle descriptor, Span<byte> buffer, out int bytes)
    {
        using var lease = new HandleLease(descriptor);
        nint result;
        int errno;
        fixed (byte* data = buffer)
        {
            do
            {
                result = SysSocket.Recv(lease.Fd, data, (nuint)buffer.Length, Constants.Current.MSG_DONTWAIT);
                errno = result < 0 ? Errno.Last : 0;
                if (errno == Errno.ENOTSOCK)
                {
                    if (!StreamMode.IsReady(lease.Fd, Poll.POLLIN))
                    {
                        bytes = 0;
                        return false;
                    }

                    result = Unistd.Read(lease.Fd, data, (nuint)buffer.Length);
                    errno = result < 0 ? Errno.Last : 0;
                }
            }
            while (errno == Errno.EINTR);
        }

        return IsDone("read", result, errno, out bytes);
    }

    /// <summary>
    /// Writes as much as there is space for, without blocking. A socket is written by send(2) with MSG_DONTWAIT and MSG_NOSIGNAL,
    /// any other file by poll(2) and write(2).
    /// </summary>
    /// <param name="descriptor">A descriptor of any kind that can be written.</param>
    /// <param name="data">The data.</param>
    /// <param name="bytes">The number of bytes that were written, from the start of the data.</param>
    /// <returns>False when there is no space yet.</returns>
    /// <remarks>
    /// If the descriptor is not a socket, at most PIPE_BUF bytes (4,096 on Linux, 512 on macOS) are written at once. Such a write
    /// to a pipe does not block after poll(2) has reported the pipe as writable. A write to a terminal can still block.
    /// </remarks>
    /// <exception cref="SystemCallException">Thrown when send(2) or write(2) fails: EPIPE, ECONNRESET, ENOSPC and so on.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor is closed.</exception>
    public static unsafe bool TryWrite(SafeHandle descriptor, ReadOnlySpan<byte> data, out int bytes)
    {
        using var lease = new HandleLease(descriptor);
        nint result;
        int errno;
        fixed (byte* start = data)
        {
            do
            {
                int flags = Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_NOSIGNAL;
                result = SysSocket.Send(lease.Fd, start, (nuint)data.Length, flags);
                errno = result < 0 ? Errno.Last : 0;
                if (errno == Errno.ENOTSOCK)
                {
                    if (!StreamMode.IsReady(lease.Fd, Poll.POLLOUT))
                    {
                        bytes = 0;
                        return false;
                    }

                    result = Unistd.Write(lease.Fd, start, (nuint)Math.Min(data.Length, StreamMode.PipeBuf));
                    errno = result < 0 ? Errno.Last : 0;
                }
            }
            while (errno == Errno.EINTR);
        }

        return IsDone("write", result, errno, out bytes);
    }

    private static bool IsDone(string call, nint result, int errno, out int bytes)
    {
        bytes = (int)Math.Max(result, 0);
        return errno == 0 ? true : errno == Errno.EAGAIN ? false : throw new SystemCallException(call, errno);
    }
}
