using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Echo;

/// <summary>
/// A user whom the wide receiver serves. Either has something to be written or is read from, so one who does not read the echo
/// is not read from either, and keeps nobody else waiting; one who is silent takes no memory for it.
/// </summary>
/// <remarks>
/// Every call says MSG_DONTWAIT for itself: O_NONBLOCK would belong to the connection, which others may still hold.
/// </remarks>
internal sealed unsafe class EchoedUser
{
    private const int NoticesInARow = 16;
    private readonly FileDescriptor _connection;
    private byte[]? _pending = Greeting.FromWideReceiver;
    private int _written;

    private EchoedUser(FileDescriptor connection, string name)
    {
        _connection = connection;
        Fd = connection.Fd;
        Name = name;
    }

    /// <summary>The connection's descriptor.</summary>
    public int Fd { get; }

    /// <summary>Where the user is.</summary>
    public string Name { get; }

    /// <summary>Takes over a connection; null, and it stays the caller's, when it is something else.</summary>
    /// <param name="descriptor">What was thrown.</param>
    /// <param name="refusal">What it is, if it is no connection.</param>
    public static EchoedUser? Take(FileDescriptor descriptor, out string refusal)
    {
        int fd = descriptor.Fd;
        refusal = "";
        if (!SysSocket.TryGetOption(fd, Constants.Current.SOL_SOCKET, Constants.Current.SO_TYPE, out int type) ||
            type != Constants.SOCK_STREAM)
        {
            refusal = $"a descriptor that is no connection: {descriptor}";
            return null;
        }

        if (SocketFacts.PeerOf(fd) is not { } name)
        {
            refusal = $"a socket that is not connected, or not any more: {descriptor}";
            return null;
        }

        return new EchoedUser(descriptor, name is "" ? "unnamed" : name);
    }

    /// <summary>Does what can be done without waiting: writes what there is to write, or reads and writes that.</summary>
    /// <param name="buffer">Room for what is read, which need not last.</param>
    /// <param name="events">What the wait has told.</param>
    /// <returns>What to wait for next, POLLIN or POLLOUT; 0 when the user has hung up.</returns>
    public short Serve(Span<byte> buffer, short events)
    {
        if ((events & Poll.POLLERR) != 0)
        {
            DropNotices(buffer);
        }

        if (_pending is null)
        {
            nint length;
            fixed (byte* bytes = buffer)
            {
                length = SysSocket.Recv(Fd, bytes, (nuint)buffer.Length, Constants.Current.MSG_DONTWAIT);
            }

            return length > 0 ? Write(buffer[..(int)length])
                : length < 0 && MayTryAgain() ? Poll.POLLIN
                : (short)0;
        }

        return Write(_pending.AsSpan(_written));
    }

    /// <summary>Ends the connection for the user at once, whoever still holds a copy, and closes ours.</summary>
    public void Close()
    {
        _ = SysSocket.Shutdown(Fd, SysSocket.SHUT_RDWR);
        _connection.Dispose();
    }

    // A quarterback that asked for notices (MSG_ZEROCOPY, SO_TIMESTAMPING) may leave some in the connection's error queue, and
    // each would end every wait with POLLERR as long as it lies there. Nobody is waiting for them any more; the user is.
    private void DropNotices(Span<byte> buffer)
    {
        int flags = Constants.Current.MSG_ERRQUEUE;
        fixed (byte* bytes = buffer)
        {
            for (int notices = 0; flags != 0 && notices < NoticesInARow; notices++)
            {
                if (SysSocket.Recv(Fd, bytes, (nuint)buffer.Length, flags | Constants.Current.MSG_DONTWAIT) < 0)
                {
                    return;
                }
            }
        }
    }

    private static bool MayTryAgain() => Errno.Last is var errno && (errno == Errno.EAGAIN || errno == Errno.EINTR);

    private short Write(ReadOnlySpan<byte> data)
    {
        nint sent;
        fixed (byte* bytes = data)
        {
            sent = SysSocket.Send(Fd, bytes, (nuint)data.Length, Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_NOSIGNAL);
        }

        if (sent < 0 && !MayTryAgain())
        {
            return 0;
        }

        int now = (int)Math.Max(sent, 0);
        if (now == data.Length)
        {
            _pending = null;
            _written = 0;
            return Poll.POLLIN;
        }

        if (_pending is null)
        {
            _pending = data[now..].ToArray();
        }
        else
        {
            _written += now;
        }

        return Poll.POLLOUT;
    }
}
