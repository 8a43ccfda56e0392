using System.Buffers;
using System.Runtime.InteropServices;
using PSFdPass.Descriptors;
using PSFdPass.Handles;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <content>
/// Methods that read, write and copy with a timeout, whether or not O_NONBLOCK is set. They do not change that flag.
/// </content>
public sealed partial class FileDescriptor
{
    /// <summary>Waits until a descriptor of any kind can be read, and reads what is available (read(2), recv(2)).</summary>
    /// <param name="descriptor">The descriptor. Files are read at the shared offset of the open file description.</param>
    /// <param name="buffer">The buffer for the data. Bytes of a packet that don't fit are discarded.</param>
    /// <param name="timeout">The time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>The number of bytes that were read; 0 at end of file, for an empty packet, and if the buffer is empty.</returns>
    /// <remarks>
    /// Before a socket is read, its next message is checked. If that message carries descriptors, it stays in the queue. Several
    /// threads may read from one descriptor. However, if another reader receives that message between the check and the read, this
    /// method reads the next message unchecked, and any descriptors that it carries can be lost.
    /// </remarks>
    /// <exception cref="TimeoutException">Thrown when nothing could be read in time.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the wait was canceled.</exception>
    /// <exception cref="InvalidOperationException">
    /// Thrown when the next message carries descriptors. Receive it with <see cref="DescriptorReceiver"/>.
    /// </exception>
    /// <exception cref="SystemCallException">Thrown when the call fails: EBADF, EISDIR, ENOTCONN, ECONNRESET and so on.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor is closed, before or during the wait.</exception>
    public static unsafe int Read(
        SafeHandle descriptor, Span<byte> buffer, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        Deadline deadline = Deadline.After(timeout);
        if (buffer.IsEmpty)
        {
            return 0;
        }

        fixed (byte* bytes = buffer)
        {
            var attempt = new StreamRead(descriptor, bytes, buffer.Length, ModeOf(descriptor), timeout);
            return WaitLoop.Run<StreamRead, int>(ref attempt, descriptor, deadline, cancellationToken);
        }
    }

    /// <summary>
    /// Reads up to and including a delimiter, such as a line feed, and nothing beyond it, so that other readers of the descriptor
    /// get the rest. From a SeqPacket or Datagram socket, one whole packet is read.
    /// </summary>
    /// <param name="descriptor">The descriptor to read from.</param>
    /// <param name="delimiter">The byte that ends the data.</param>
    /// <param name="data">
    /// The buffer to which the data is appended, including the delimiter. After an exception, it contains the data that had been
    /// read before.
    /// </param>
    /// <param name="timeout">The time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>
    /// True when the delimiter or a packet was read; false when end of file was reached first, whether or not data was read before
    /// it.
    /// </returns>
    /// <remarks>
    /// To find the delimiter, the data of a socket is peeked at (MSG_PEEK), and the data of a file is read with pread(2). Pipes,
    /// terminals and other devices are read byte by byte. Several threads of this process may read from one socket or file; if only
    /// whole lines have arrived, each thread gets whole lines. A reader in another process can receive part of a line between the
    /// search and the read.
    /// </remarks>
    /// <exception cref="TimeoutException">Thrown when the delimiter was not read in time.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the wait was canceled.</exception>
    /// <exception cref="InvalidOperationException">
    /// Thrown when the next message carries descriptors. Receive it with <see cref="DescriptorReceiver"/>.
    /// </exception>
    /// <exception cref="SystemCallException">Thrown when a call fails: EBADF, EISDIR, ENOTCONN, ECONNRESET and so on.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor is closed, before or during the wait.</exception>
    public static bool ReadUntil(
        SafeHandle descriptor, byte delimiter, IBufferWriter<byte> data, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        ArgumentNullException.ThrowIfNull(data);
        Deadline deadline = Deadline.After(timeout);
        var attempt = new ReadUntilAttempt(descriptor, ModeOf(descriptor), delimiter, data, timeout);
        return WaitLoop.Run<ReadUntilAttempt, bool>(ref attempt, descriptor, deadline, cancellationToken);
    }

    /// <summary>
    /// Writes data to a descriptor of any kind (write(2), send(2)), and waits while there is no space for the data.
    /// </summary>
    /// <param name="descriptor">The descriptor. Files are written at the shared offset of the open file description.</param>
    /// <param name="data">The data. To a SeqPacket or Datagram socket, it is written as one packet, even when it is empty.</param>
    /// <param name="timeout">The time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <remarks>
    /// Several threads may write to one descriptor. If a write has to wait, the data of the threads can be interleaved.
    /// </remarks>
    /// <exception cref="TimeoutException">
    /// Thrown when not all data was written in time. The message says how much was written.
    /// </exception>
    /// <exception cref="OperationCanceledException">
    /// Thrown when the wait was canceled. The message says how much was written.
    /// </exception>
    /// <exception cref="SystemCallException">Thrown when the call fails: EBADF, EPIPE, ECONNRESET, ENOSPC, EMSGSIZE and so on.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor is closed, before or during the wait.</exception>
    public static unsafe void Write(
        SafeHandle descriptor, ReadOnlySpan<byte> data, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        Deadline deadline = Deadline.After(timeout);
        StreamMode mode = ModeOf(descriptor);
        if (data.IsEmpty && !mode.IsSocket)
        {
            return;
        }

        fixed (byte* bytes = data)
        {
            var attempt = new StreamWrite(descriptor, bytes, data.Length, mode, timeout);
            _ = WaitLoop.Run<StreamWrite, int>(ref attempt, descriptor, deadline, cancellationToken);
        }
    }

    /// <summary>
    /// Copies data from one descriptor to another until the end of the source: inside the kernel where possible (copy_file_range(2),
    /// sendfile(2), splice(2)), and otherwise by reading and writing.
    /// </summary>
    /// <param name="source">The source. A file is read at the shared offset of the open file description.</param>
    /// <param name="target">The target. A file is written at the shared offset of the open file description.</param>
    /// <param name="count">
    /// The maximum number of bytes to copy; null for no maximum. A packet is copied whole, even if it exceeds the maximum.
    /// </param>
    /// <param name="progress">
    /// Receives the number of bytes copied so far, after each part, on the thread that called this method.
    /// </param>
    /// <param name="timeout">The time limit for the whole copy; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the copy.</param>
    /// <returns>The number of bytes that were copied.</returns>
    /// <remarks>
    /// If data can't be written, it stays in the source when that is a file or a stream socket. From a pipe or a device, up to
    /// 4,096 bytes can be lost, and from a SeqPacket or Datagram socket, one packet. In that case, the message of a
    /// <see cref="TimeoutException"/> or an <see cref="OperationCanceledException"/> reports how many of these bytes were written.
    /// </remarks>
    /// <exception cref="ArgumentException">Thrown when the source and the target are the same file.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the count is negative, or the timeout is negative and not infinite.</exception>
    /// <exception cref="TimeoutException">Thrown when the copy was not completed in time.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the copy was canceled.</exception>
    /// <exception cref="InvalidOperationException">Thrown when the next message of the source carries descriptors.</exception>
    /// <exception cref="SystemCallException">Thrown when a system call fails: EBADF, EISDIR, EPIPE, ENOSPC and so on.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when a descriptor is closed, before or during the copy.</exception>
    public static long Copy(
        SafeHandle source,
        SafeHandle target,
        long? count,
        IProgress<long>? progress,
        TimeSpan timeout,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        if (count is { } number)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(number, nameof(count));
        }

        return new Copying(source, target, timeout, cancellationToken).Run(count ?? long.MaxValue, progress);
    }

    private static StreamMode ModeOf(SafeHandle descriptor)
    {
        using var lease = new HandleLease(descriptor);
        return StreamMode.Of(lease.Fd);
    }
}
