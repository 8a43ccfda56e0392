using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Messages;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>
/// Receives the datagrams that wait on a Unix-domain socket many at a time: recvmmsg(2), on Linux. Keeps its buffers from one
/// call to the next. Not for use by several threads at once.
/// </summary>
/// <remarks>
/// The size of a datagram can't be asked for before it is received, except for the first one's. So each has room for the largest
/// that a sender without privileges can make (2 × net.core.wmem_max); memory that no datagram reaches is never touched. What a
/// privileged sender makes larger still is cut short, and reported like any other packet that had no room.
/// </remarks>
public sealed unsafe class DatagramBatch : IDisposable
{
    private const int MostMessages = 32;
    private const long MostMemory = 64L << 20;

    private readonly SafeHandle _socket;
    private readonly int _messages;
    private readonly int _bufferSize;
    private byte* _memory;

    /// <summary>Makes the buffers.</summary>
    /// <param name="socket">A Unix-domain datagram socket, which stays the caller's.</param>
    /// <param name="bufferSize">How many bytes of each datagram to receive at the most; 0 for all of it.</param>
    /// <exception cref="ArgumentException">The socket is a stream or a seqpacket, whose end could not be told from an empty message.</exception>
    /// <exception cref="PlatformNotSupportedException">The system has no recvmmsg(2).</exception>
    /// <exception cref="SystemCallException">ENOTSOCK, EBADF.</exception>
    /// <exception cref="InsufficientMemoryException">There is no memory for buffers of that size.</exception>
    public DatagramBatch(SafeHandle socket, int bufferSize = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bufferSize);
        if (UnixSocketType.Of(socket) != SocketType.Dgram)
        {
            throw new ArgumentException("Only datagrams are received many at a time.", nameof(socket));
        }

        if (!IsSupported)
        {
            throw new PlatformNotSupportedException("Only Linux has recvmmsg(2).");
        }

        _socket = socket;
        _bufferSize = bufferSize > 0 ? bufferSize : LargestDatagram();
        _messages = (int)Math.Clamp(MostMemory / _bufferSize, 1, MostMessages);
        _memory = Allocate((nuint)_messages * ((nuint)_bufferSize + ControlContents.Size));
    }

    /// <summary>Frees the buffers.</summary>
    ~DatagramBatch() => Free();

    /// <summary>Whether the system has recvmmsg(2).</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>Waits for a message, and receives it and those that wait behind it.</summary>
    /// <param name="timeout">How long to wait for the first; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="cancellation">Ends the wait. A message is never lost to it.</param>
    /// <returns>
    /// The messages in order, at least one, each the caller's to dispose. One whose <see cref="ReceivedMessage.Flags"/> have
    /// <see cref="MessageFlags.DescriptorsTruncated"/> came when this process's descriptor table was full.
    /// </returns>
    /// <exception cref="SystemCallException">recvmmsg(2) failed: EBADF, ECONNRESET and so on.</exception>
    /// <exception cref="TimeoutException">No message came in time.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed, or this object is.</exception>
    public IReadOnlyList<ReceivedMessage> Receive(TimeSpan timeout, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_memory is null, this);
        Deadline deadline = Deadline.After(timeout);
        using var lease = new HandleLease(_socket);
        while (true)
        {
            if (TryReceive(lease.Fd) is { } messages)
            {
                return messages;
            }

            DescriptorReceiver.WaitForMessage(lease.Fd, deadline, cancellation);
        }
    }

    /// <summary>Frees the buffers. The messages that were received are their holders'.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    // A send buffer is at most twice what the system's limit says, and a datagram is no larger than it.
    private static int LargestDatagram() =>
        (int)Math.Min(2 * Math.Max(Setting("wmem_max"), Setting("wmem_default")), MostMemory);

    private static long Setting(string name)
    {
        const long Usual = 212992;
        try
        {
            return long.TryParse(File.ReadAllText("/proc/sys/net/core/" + name), out long value) && value > 0 ? value : Usual;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Usual;
        }
    }

    private static byte* Allocate(nuint bytes)
    {
        try
        {
            return (byte*)NativeMemory.Alloc(bytes);
        }
        catch (OutOfMemoryException exception)
        {
            throw DescriptorReceiver.NoMemoryFor(bytes, exception);
        }
    }

    private byte* DataOf(int message) => _memory + ((nint)message * _bufferSize);

    private byte* ControlOf(int message) => DataOf(_messages) + ((nint)message * ControlContents.Size);

    // One recvmmsg(2) that does not wait: null when there is nothing.
    [SkipLocalsInit]
    private ReceivedMessage[]? TryReceive(int socket)
    {
        SysSocket.MMsgHdr* headers = stackalloc SysSocket.MMsgHdr[MostMessages];
        SysSocket.IoVec* vectors = stackalloc SysSocket.IoVec[MostMessages];
        for (int i = 0; i < _messages; i++)
        {
            vectors[i] = new SysSocket.IoVec { iov_base = DataOf(i), iov_len = (nuint)_bufferSize };
            headers[i] = new SysSocket.MMsgHdr
            {
                msg_hdr = new SysSocket.MsgHdr
                {
                    msg_iov = &vectors[i],
                    msg_iovlen = 1,
                    msg_control = ControlOf(i),
                    msg_controllen = ControlContents.Size,
                },
            };
        }

        int flags = Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_CMSG_CLOEXEC | Constants.Current.MSG_TRUNC;
        int received;
        while ((received = SysSocket.RecvMMsg(socket, headers, (uint)_messages, flags, null)) < 0)
        {
            int errno = Errno.Last;
            if (errno == Errno.EAGAIN)
            {
                return null;
            }

            if (errno != Errno.EINTR)
            {
                throw new SystemCallException("recvmmsg", errno);
            }
        }

        return TakeAll(headers, received);
    }

    // Every descriptor of every message is installed by now. If anything fails, those of the messages that are not made yet are
    // closed here, the one being made closes its own, and those that are made are disposed.
    [SkipLocalsInit]
    private ReceivedMessage[] TakeAll(SysSocket.MMsgHdr* headers, int received)
    {
        Span<int> numbers = stackalloc int[ControlContents.MaxNumbers];
        ReceivedMessage[]? messages = null;
        int begun = 0;
        int made = 0;
        try
        {
            messages = new ReceivedMessage[received];
            while (begun < received)
            {
                ref readonly SysSocket.MMsgHdr header = ref headers[begun];
                ControlContents contents = ControlContents.Take(
                    new ReadOnlySpan<byte>(header.msg_hdr.msg_control, (int)header.msg_hdr.msg_controllen), numbers);
                byte* data = DataOf(begun);
                begun++;
                using var drain = new DescriptorDrain(numbers[..contents.Taken]);
                var result = new ReceiveResult
                {
                    Bytes = (int)Math.Min(header.msg_len, (uint)_bufferSize),
                    FullLength = (int)header.msg_len,
                    Credentials = contents.Credentials,
                    Flags = ControlContents.FlagsOf(header.msg_hdr.Flags),
                };
                messages[made] = new ReceivedMessage(
                    new ReadOnlySpan<byte>(data, result.Bytes).ToArray(), drain.TakeAll(), result);
                made++;
            }

            return messages;
        }
        catch
        {
            for (; begun < received; begun++)
            {
                ref readonly SysSocket.MsgHdr header = ref headers[begun].msg_hdr;
                ControlContents rest = ControlContents.Take(
                    new ReadOnlySpan<byte>(header.msg_control, (int)header.msg_controllen), numbers);
                DescriptorDrain.Close(numbers[..rest.Taken]);
            }

            for (int i = 0; i < made; i++)
            {
                messages![i].Dispose();
            }

            throw;
        }
    }

    private void Free()
    {
        NativeMemory.Free(_memory);
        _memory = null;
    }
}
