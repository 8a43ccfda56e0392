using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PSFdPass.Echo;

/// <summary>A quarterback's connection to a wide receiver. None of its methods blocks.</summary>
internal sealed class Wire : IDisposable
{
    // A wide receiver that sends data continuously must not keep users waiting.
    private const int ReadsInARow = 16;
    private readonly Socket _socket;
    private readonly FileDescriptor[] _discarded = new FileDescriptor[DescriptorSender.MaxDescriptorsPerMessage];
    private bool _isReset;

    public Wire(Socket socket) => _socket = socket;

    /// <summary>Gets the method that closes descriptors that the wide receiver has sent.</summary>
    public required Action<FileDescriptor> Discarded { private get; init; }

    /// <summary>Gets the socket.</summary>
    public Socket Socket => _socket;

    /// <summary>Gets the handle to wait on.</summary>
    public SafeHandle Handle => _socket.SafeHandle;

    /// <summary>
    /// Gets a value indicating whether the wire is empty: every connection that was thrown has been received, or was lost when the wide
    /// receiver closed the wire. On macOS, which does not report this, the value is always true.
    /// </summary>
    public bool IsEmpty => SocketInfo.UnreceivedBytesOf(Handle) <= 0;

    /// <summary>Gets a value indicating whether the wide receiver has stopped sending, though it may still receive.</summary>
    public bool IsHalfClosed { get; private set; }

    /// <summary>Throws a connection: its descriptor, with one byte. Returns false when there is no space.</summary>
    /// <exception cref="SystemCallException">Thrown when sendmsg(2) fails.</exception>
    public bool TryThrow(FileDescriptor connection)
    {
        try
        {
            return DescriptorSender.TrySend(Handle, [1], [connection.SafeHandle], out _);
        }
        catch (SystemCallException exception)
        {
            // The error is reported only once. A later read would only find the end of the stream.
            _isReset |= exception.ErrnoName == "ECONNRESET";
            throw;
        }
    }

    /// <summary>
    /// Returns whether, and how, the wide receiver has closed the wire. <see cref="WireEnd.Closed"/> means that it had received all
    /// messages, and <see cref="WireEnd.Reset"/> that it had not (ECONNRESET).
    /// </summary>
    /// <param name="events">The events that a wait has reported.</param>
    [SkipLocalsInit]
    public WireEnd FindEnd(DescriptorEvents events)
    {
        if (_isReset)
        {
            return WireEnd.Reset;
        }

        bool isClosed = (events & (DescriptorEvents.HangUp | DescriptorEvents.Error)) != 0;
        Span<byte> data = stackalloc byte[256];
        try
        {
            // A wide receiver is not expected to send anything. Its bytes are discarded, and its descriptors are closed.
            for (int reads = 0; reads < ReadsInARow; reads++)
            {
                if (!DescriptorReceiver.TryReceive(Handle, data, _discarded, peek: false, out ReceiveResult message))
                {
                    return WireEnd.None;
                }

                if (message.IsEndOfStream)
                {
                    IsHalfClosed = true;
                    return isClosed ? WireEnd.Closed : WireEnd.None;
                }

                Discard(message.Descriptors);
            }

            return WireEnd.None;
        }
        catch (SystemCallException exception) when (exception.ErrnoName != "ECONNRESET" && SoftErrors.Contains(exception))
        {
            return WireEnd.None;
        }
        catch (SystemCallException)
        {
            return WireEnd.Reset;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private void Discard(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Discarded(_discarded[i]);
        }
    }
}
