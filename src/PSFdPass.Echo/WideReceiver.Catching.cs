using System.Net.Sockets;
using PSFdPass.Interop;

namespace PSFdPass.Echo;

// Receives the connections that quarterbacks throw, and decides which of them are served.
public sealed partial class WideReceiver
{
    // Receives a limited number of messages from one quarterback, so that the other quarterbacks don't have to wait long.
    private void Catch(QuarterbackLine quarterback)
    {
        try
        {
            int descriptors = 0;
            for (int messages = 0; messages < MessagesInARow && descriptors < DescriptorsInARow; messages++)
            {
                if (quarterback.HasSentOther && _disposer.Pending > MaxPending)
                {
                    Rest(quarterback);
                    return;
                }

                // Descriptors that don't fit into the descriptor table are lost when their message is received. When that may happen, the
                // message is first only peeked at, while placeholders hold the reserved numbers.
                bool isPeeked = _table.IsNearlyFull(_users.Count + _quarterbacks.Count + _disposer.Pending);
                bool isHeld = !isPeeked || _table.TryHold();
                bool isEmpty;
                ReceiveResult message;
                try
                {
                    if (!isHeld && _users.Count > 0)
                    {
                        LogFull();
                        Rest(quarterback);
                        return;
                    }

                    isEmpty = !DescriptorReceiver.TryReceive(
                        quarterback.Connection.SafeHandle, _buffer, _descriptors, isPeeked, out message);
                }
                finally
                {
                    if (isPeeked)
                    {
                        _table.Release();
                    }
                }

                if (isEmpty)
                {
                    _isFull = false;
                    return;
                }

                if (message.IsEndOfStream)
                {
                    Close(quarterback);
                    return;
                }

                descriptors += message.Descriptors;
                if (!TryTake(quarterback, message, isPeeked))
                {
                    Rest(quarterback);
                    return;
                }
            }
        }
        catch (SystemCallException exception) when (exception.ErrnoName is not "ECONNRESET" && SoftErrors.Contains(exception))
        {
            _log(exception.Message);
            Rest(quarterback);
        }
        catch (SystemCallException exception)
        {
            _log(exception.Message);
            Close(quarterback);
        }
    }

    // Returns false when the message stays in the queue until a user disconnects and there is space for its descriptors.
    private bool TryTake(QuarterbackLine quarterback, in ReceiveResult message, bool isPeeked)
    {
        Span<FileDescriptor> descriptors = _descriptors.AsSpan(0, message.Descriptors);
        bool isCut = (message.Flags & MessageFlags.DescriptorsTruncated) != 0;
        if (isPeeked && isCut && (_users.Count > 0 || descriptors.IsEmpty))
        {
            LogFull();
            foreach (FileDescriptor descriptor in descriptors)
            {
                _disposer.Close(descriptor);
            }

            return false;
        }

        if (isPeeked)
        {
            // The descriptors of the peeked message are already open here. A plain read removes the message and closes the duplicates that
            // it still carries.
            _ = FileDescriptor.TryRead(quarterback.Connection.SafeHandle, _buffer.AsSpan(0, message.Bytes), out _);
        }

        if (isCut && quarterback.IsLineDue())
        {
            _log(SR.Format(SR.DescriptorsLost, _socketName));
        }
        else if (descriptors.IsEmpty && quarterback.IsLineDue())
        {
            _log(SR.Format(SR.DataIgnored, message.Bytes, _socketName));
        }

        foreach (FileDescriptor descriptor in descriptors)
        {
            Take(quarterback, descriptor);
        }

        return true;
    }

    // Serves a user's connection, and closes anything else.
    private void Take(QuarterbackLine quarterback, FileDescriptor descriptor)
    {
        if (SocketInfo.Of(descriptor.SafeHandle) is not { } socket)
        {
            Ignore(quarterback, descriptor, SR.NotConnectionIgnored);
        }
        else if (!socket.IsTcpConnection && !IsPermittedUnixConnection(socket, descriptor))
        {
            Ignore(quarterback, descriptor, socket.IsConnected ? SR.NotTcpIgnored : SR.NotConnectedIgnored);
        }
        else if (_users.Contains(socket))
        {
            Ignore(quarterback, descriptor, SR.ServedIgnored);
        }
        else if (_users.HasOtherEnd(socket, out EchoedUser? other))
        {
            SocketInfo.Shutdown(descriptor.SafeHandle);
            Ignore(quarterback, descriptor, SR.BothEndsIgnored);
            if (other is not null)
            {
                Close(other);
            }
        }
        else
        {
            string address = socket.RemoteEndPoint?.ToString() ?? "";
            Take(new EchoedUser(descriptor, socket, address.Length == 0 ? SR.UserUnnamed : ShownText.Of(address)));
        }
    }

    private void Take(EchoedUser user)
    {
        _log(SR.Format(SR.ConnectionHandled, user.Name));
        _users.Add(user);
        try
        {
            _watched.Add(user.Connection.SafeHandle, DescriptorEvents.Readable, user);
        }
        catch (SystemCallException exception)
        {
            _log(exception.Message);
            Close(user);
            return;
        }

        Serve(user, DescriptorEvents.None);
    }

    // A connection to this process itself would have both of its ends here.
    private bool IsPermittedUnixConnection(in SocketInfo socket, FileDescriptor descriptor)
    {
        if (!_allowUnixConnections || socket is not { Family: AddressFamily.Unix, Type: SocketType.Stream, IsConnected: true })
        {
            return false;
        }

        try
        {
            using var peer = UnixSocketPeer.Of(descriptor.SafeHandle);
            return peer.ProcessId != Environment.ProcessId;
        }
        catch (SystemCallException)
        {
            return false;
        }
    }

    private void Ignore(QuarterbackLine quarterback, FileDescriptor descriptor, string reason) =>
        _disposer.Close(
            descriptor,
            quarterback.IsLineDue() ? ignored => _log(ShownText.Of($"{reason}: {ignored}")) : null);
}
