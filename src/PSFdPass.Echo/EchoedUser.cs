namespace PSFdPass.Echo;

/// <summary>
/// A user whom the wide receiver serves. Either has something to be written or is read from, so that one who does not read the echo is
/// not read from either and keeps nobody else waiting, and one who is silent takes no memory for it.
/// </summary>
internal sealed class EchoedUser(FileDescriptor connection, SocketInfo socket, string name)
{
    private byte[]? _pending = Greeting.FromWideReceiver;
    private int _written;
    private bool _isFirst = true;

    /// <summary>Gets the connection.</summary>
    public FileDescriptor Connection => connection;

    /// <summary>Gets the description of the connection.</summary>
    public SocketInfo Socket => socket;

    /// <summary>Gets the user's address.</summary>
    public string Name => name;

    /// <summary>Does what can be done without waiting: writes what is pending, or else reads and writes that.</summary>
    /// <param name="buffer">The buffer for what is read, which need not last.</param>
    /// <param name="events">The events that a wait has reported.</param>
    /// <returns>The events to wait for next; none when the user has hung up.</returns>
    public DescriptorEvents Serve(Span<byte> buffer, DescriptorEvents events)
    {
        try
        {
            if ((events & DescriptorEvents.Error) != 0)
            {
                SocketInfo.DiscardNotices(connection.SafeHandle);
            }

            if (_pending is not null)
            {
                return Write(_pending.AsSpan(_written));
            }

            if (!FileDescriptor.TryRead(connection.SafeHandle, buffer, out int length))
            {
                return DescriptorEvents.Readable;
            }

            return length == 0 || IsOwnGreeting(buffer[..length]) ? DescriptorEvents.None : Write(buffer[..length]);
        }
        catch (SystemCallException exception)
        {
            return exception.ErrnoName is "ENOBUFS" or "ENOMEM"
                ? _pending is null ? DescriptorEvents.Readable : DescriptorEvents.Writable
                : DescriptorEvents.None;
        }
    }

    // Both ends of a Unix-domain connection may be ours, which the kernel does not reveal at once: each would echo to the other.
    private bool IsOwnGreeting(ReadOnlySpan<byte> data)
    {
        bool isFirst = _isFirst;
        _isFirst = false;
        return isFirst && !socket.IsTcpConnection && data.SequenceEqual(Greeting.FromWideReceiver);
    }

    private DescriptorEvents Write(ReadOnlySpan<byte> data)
    {
        int sent = 0;
        try
        {
            _ = FileDescriptor.TryWrite(connection.SafeHandle, data, out sent);
        }
        catch (SystemCallException exception) when (exception.ErrnoName is "ENOBUFS" or "ENOMEM")
        {
            // What was read must not be lost.
        }

        if (sent == data.Length)
        {
            _pending = null;
            _written = 0;
            return DescriptorEvents.Readable;
        }

        if (_pending is null)
        {
            _pending = data[sent..].ToArray();
        }
        else
        {
            _written += sent;
        }

        return DescriptorEvents.Writable;
    }
}
