namespace PSFdPass.Echo;

/// <summary>
/// A user whom the wide receiver serves. While data for a user is pending, nothing is read from that user. Therefore, a user who does
/// not read the echo doesn't make others wait, and a silent user doesn't need a buffer.
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

    /// <summary>Writes the pending data; if there is none, reads data and writes it back. Never blocks.</summary>
    /// <param name="buffer">The buffer to read into. It can be reused after the call.</param>
    /// <param name="events">The events that a wait has reported.</param>
    /// <returns>The events to wait for next; None when the connection is to be closed.</returns>
    public DescriptorEvents Serve(Span<byte> buffer, DescriptorEvents events)
    {
        try
        {
            if ((events & DescriptorEvents.Error) != 0)
            {
                SocketInfo.DiscardErrorQueue(connection.SafeHandle);
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

    // This process may have both ends of a Unix-domain connection, which the kernel does not report directly. Each would echo to the other.
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
            // The data has already been read and must not be lost, so it is kept below.
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
