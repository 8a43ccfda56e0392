using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass.Handles;

/// <summary>Closes descriptors. No other code calls close(2).</summary>
/// <remarks>close(2) is never repeated after EINTR, because the number is already free by then.</remarks>
internal static unsafe class Closing
{
    /// <summary>Closes a number that the caller owns. Returns false when it was not open.</summary>
    public static bool Close(int fd) => Unistd.Close(fd) == 0 || Errno.Last != Errno.EBADF;

    /// <summary>
    /// Closes numbers that the caller owns and that no other thread uses: with close_range(2) where several are consecutive,
    /// otherwise one by one. Numbers that are not open are skipped.
    /// </summary>
    public static void CloseAll(ReadOnlySpan<int> numbers)
    {
        while (!numbers.IsEmpty)
        {
            int run = 1;
            while (run < numbers.Length && numbers[run] == numbers[0] + run)
            {
                run++;
            }

            if (run == 1 || !Unistd.TryCloseRange(numbers[0], numbers[run - 1]))
            {
                foreach (int number in numbers[..run])
                {
                    _ = Unistd.Close(number);
                }
            }

            numbers = numbers[run..];
        }
    }

    /// <summary>
    /// Closes a number that a <see cref="SafeDescriptorHandle"/> may own. Afterwards, that handle no longer owns it.
    /// </summary>
    /// <exception cref="SystemCallException">Thrown when the number is not open (EBADF).</exception>
    public static void CloseByNumber(int fd)
    {
        DescriptorNumbers.Take(fd);
        if (!Close(fd))
        {
            throw new SystemCallException("close", Errno.EBADF, fd);
        }
    }

    /// <summary>
    /// Closes the descriptor of a handle of any type exactly as close(2) does: no connection is shut down, no socket option is
    /// changed and no path is unlinked. Does nothing if the handle is already closed.
    /// </summary>
    /// <remarks>
    /// A SafeSocketHandle that is released without its Socket sets SO_LINGER to zero on the connection. If other processes share
    /// the connection, it is reset when the last of them closes it. To prevent that, dup3(2) first makes the number refer to a new
    /// socket, in one step. This releases the connection at once, even while other calls still hold the handle, and later calls on
    /// the number affect only the new socket.
    /// </remarks>
    public static void Release(SafeHandle handle)
    {
        if (handle is SafeSocketHandle && !handle.IsClosed)
        {
            using var lease = new HandleLease(handle);
            int substitute = SysSocket.Create(Constants.AF_UNIX, Constants.SOCK_STREAM | Constants.Current.SOCK_CLOEXEC, 0);
            if (substitute < 0)
            {
                // The new socket can't be created, because no descriptor is left. Skip the cleanup of SafeSocketHandle.
                handle.SetHandleAsInvalid();
                _ = Unistd.Close(lease.Fd);
                return;
            }

            _ = Unistd.Replace(substitute, lease.Fd);
            _ = Unistd.Close(substitute);
        }

        handle.Dispose();
    }
}
