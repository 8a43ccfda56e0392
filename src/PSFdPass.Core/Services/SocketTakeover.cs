using System.Net.Sockets;
using PSFdPass.Interop;
using PSFdPass.Services;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>
/// The successor's side of a takeover: it receives the descriptors of a running server, which continues to serve until
/// <see cref="Complete"/> is called. The running server's side is <see cref="SocketTakeoverOffer"/>.
/// </summary>
/// <remarks>
/// Thread-safe. If this object is disposed, or this process ends, before <see cref="Complete"/> is called, the takeover is
/// canceled, and the running server continues to serve.
/// </remarks>
public sealed class SocketTakeover : IDisposable
{
    private readonly object _gate = new();
    private readonly Socket _connection;
    private readonly FramedSocket _frames;
    private readonly FileDescriptor _listener;
    private readonly SocketIdentity? _identity;
    private volatile bool _isComplete;

    private SocketTakeover(
        UnixSocketAddress address,
        Socket connection,
        FramedSocket frames,
        int processId,
        IReadOnlyList<NamedDescriptor> descriptors,
        FileDescriptor listener,
        SocketIdentity? identity)
    {
        Address = address;
        ProcessId = processId;
        Descriptors = descriptors;
        _connection = connection;
        _frames = frames;
        _listener = listener;
        _identity = identity;
    }

    /// <summary>Gets the address at which the running server waits for successors.</summary>
    public UnixSocketAddress Address { get; }

    /// <summary>Gets the process ID of the running server.</summary>
    public int ProcessId { get; }

    /// <summary>
    /// Gets the received descriptors, in the order in which the server offered them. This object owns them until the caller
    /// takes them, for example with <see cref="FileDescriptor.OpenSocket"/>.
    /// </summary>
    public IReadOnlyList<NamedDescriptor> Descriptors { get; }

    /// <summary>Gets a value indicating whether the takeover is complete and this process serves.</summary>
    public bool IsComplete => _isComplete;

    /// <summary>Gets the descriptor with the specified name.</summary>
    /// <param name="name">The name under which the server offered the descriptor.</param>
    /// <exception cref="KeyNotFoundException">Thrown when the server did not offer a descriptor with that name.</exception>
    public FileDescriptor this[string name]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(name);
            foreach (NamedDescriptor descriptor in Descriptors)
            {
                if (descriptor.Name == name)
                {
                    return descriptor.Descriptor;
                }
            }

            throw new KeyNotFoundException(SR.Format(SR.TakeoverNameNotFound, ShownText.Of(name)));
        }
    }

    /// <summary>Connects to a running server and receives its descriptors.</summary>
    /// <param name="address">The address at which the server waits for successors.</param>
    /// <param name="timeout">The time for the whole operation; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The takeover, which the caller must dispose.</returns>
    /// <exception cref="SystemCallException">Thrown when connecting fails: ENOENT, ECONNREFUSED, EACCES and so on.</exception>
    /// <exception cref="SocketTakeoverException">
    /// Thrown when the server refuses the takeover or ends, or when the program at the address is not such a server.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the timeout is negative and not infinite.</exception>
    /// <exception cref="TimeoutException">Thrown when the server didn't answer in time.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the operation was canceled.</exception>
    public static SocketTakeover Start(UnixSocketAddress address, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        Deadline deadline = Deadline.After(timeout);
        Socket? connection = null;
        FramedSocket? frames = null;
        FileDescriptor? listener = null;
        var descriptors = new List<NamedDescriptor>();
        try
        {
            connection = ServiceSockets.Connect(address, SocketType.Stream, deadline, cancellationToken);
            using UnixSocketPeer peer = UnixSocketPeer.Of(connection.SafeHandle);
            if (peer.UserId != Unistd.GetEUid())
            {
                throw new SocketTakeoverException(
                    SocketTakeoverError.Refused, SR.Format(SR.TakeoverServerOfOtherUser, address, peer.Describe()));
            }

            frames = new FramedSocket(connection.SafeHandle);
            SendHello(frames, deadline, cancellationToken);
            Frame offer = Receive(frames, address, deadline, cancellationToken);
            (int count, SocketIdentity? identity) = Read(offer, TakeoverFrame.ReadOffer);
            listener = offer.Descriptors[0];
            while (descriptors.Count < count)
            {
                Read(Receive(frames, address, deadline, cancellationToken), frame =>
                {
                    TakeoverFrame.ReadDescriptors(frame, descriptors);
                    return true;
                });
            }

            return new SocketTakeover(address, connection, frames, peer.ProcessId, descriptors, listener, identity);
        }
        catch (Exception exception)
        {
            descriptors.ForEach(static descriptor => descriptor.Descriptor.Dispose());
            listener?.Dispose();
            frames?.Dispose();
            connection?.Dispose();
            throw exception switch
            {
                TimeoutException => new TimeoutException(SR.Format(SR.TakeoverOfferTimedOut, address), exception),
                InvalidDataException => NotTheProtocol(address, exception),
                _ => exception,
            };
        }
    }

    /// <summary>
    /// Reports that this process is ready, and waits until it has taken over. From then on, this process serves, and the former
    /// server stops accepting connections. A later <see cref="SocketTakeoverOffer.Create"/> at the same address reuses the takeover
    /// socket.
    /// </summary>
    /// <param name="timeout">The time to wait for the running server; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait and the takeover.</param>
    /// <exception cref="SocketTakeoverException">
    /// Thrown when the running server has given up the takeover and continues to serve, or when it has ended. See
    /// <see cref="SocketTakeoverException.Reason"/>. The descriptors stay open until this object is disposed.
    /// </exception>
    /// <exception cref="InvalidOperationException">Thrown when the takeover is already complete.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the timeout is negative and not infinite.</exception>
    /// <exception cref="TimeoutException">
    /// Thrown when the server didn't confirm in time. The takeover is given up, and the server continues to serve.
    /// </exception>
    /// <exception cref="OperationCanceledException">Thrown when the wait was canceled. The takeover is given up.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when this object has been disposed.</exception>
    public void Complete(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Deadline deadline = Deadline.After(timeout);
        lock (_gate)
        {
            if (_isComplete)
            {
                throw new InvalidOperationException(SR.TakeoverComplete);
            }

            try
            {
                Confirm(deadline, cancellationToken);
                _isComplete = true;
                InheritedTakeovers.Keep(Address, _listener, _identity);
            }
            catch (TimeoutException exception)
            {
                throw new TimeoutException(SR.Format(SR.TakeoverConfirmationTimedOut, Address), exception);
            }
            catch (InvalidDataException exception)
            {
                throw NotTheProtocol(Address, exception);
            }
            finally
            {
                // The running server detects the end of the connection. It continues to serve unless it has received the
                // Taken frame.
                _connection.Dispose();
            }
        }
    }

    /// <summary>
    /// Closes the descriptors that the caller has not taken. Cancels the takeover if it is not complete.
    /// </summary>
    public void Dispose()
    {
        // Ends a call to Complete on another thread.
        _connection.Dispose();
        lock (_gate)
        {
            _frames.Dispose();
            if (!_isComplete)
            {
                _listener.Dispose();
            }

            foreach (NamedDescriptor descriptor in Descriptors)
            {
                descriptor.Descriptor.Dispose();
            }
        }
    }

    // A server that refuses may already have closed the connection, but its answer can still be received.
    private static void SendHello(FramedSocket frames, Deadline deadline, CancellationToken cancellationToken)
    {
        try
        {
            frames.Send(TakeoverFrame.Text(TakeoverFrame.Hello, TakeoverFrame.Version), [], deadline, cancellationToken);
        }
        catch (SystemCallException exception) when (exception.Errno == Errno.EPIPE)
        {
        }
    }

    private static Frame Receive(FramedSocket frames, UnixSocketAddress address, Deadline deadline, CancellationToken cancellationToken)
    {
        Frame frame = frames.Receive(deadline, cancellationToken) ?? throw new SocketTakeoverException(
            SocketTakeoverError.ServerEnded, SR.Format(SR.TakeoverServerEnded, address));
        bool isRefusal = TakeoverFrame.Is(frame, TakeoverFrame.Refusal);
        if (isRefusal || TakeoverFrame.Is(frame, TakeoverFrame.GivenUp))
        {
            frame.Dispose();
            string reason = ShownText.Of(TakeoverFrame.TextOf(frame)).TrimEnd('.');
            throw isRefusal
                ? new SocketTakeoverException(SocketTakeoverError.Refused, SR.Format(SR.TakeoverRefused, address, reason))
                : new SocketTakeoverException(SocketTakeoverError.GivenUp, SR.Format(SR.TakeoverGivenUp, address, reason));
        }

        return frame;
    }

    private static TResult Read<TResult>(Frame frame, Func<Frame, TResult> read)
    {
        try
        {
            return read(frame);
        }
        catch
        {
            frame.Dispose();
            throw;
        }
    }

    private static SocketTakeoverException NotTheProtocol(UnixSocketAddress address, Exception exception) => new(
        SocketTakeoverError.Protocol, SR.Format(SR.TakeoverNotServer, address, exception.Message), exception);

    private void Confirm(Deadline deadline, CancellationToken cancellationToken)
    {
        SendOrExplain(TakeoverFrame.Ready, deadline, cancellationToken);
        using (Frame go = Receive(_frames, Address, deadline, cancellationToken))
        {
            if (!TakeoverFrame.Is(go, TakeoverFrame.Go))
            {
                throw new InvalidDataException(SR.TakeoverConfirmationInvalid);
            }
        }

        SendOrExplain(TakeoverFrame.Taken, deadline, cancellationToken);
    }

    // If the server no longer receives data, the last frame that it sent explains why.
    private void SendOrExplain(byte type, Deadline deadline, CancellationToken cancellationToken)
    {
        try
        {
            _frames.Send([type], [], deadline, cancellationToken);
        }
        catch (SystemCallException exception) when (exception.Errno == Errno.EPIPE)
        {
            using Frame unexpected = Receive(_frames, Address, deadline, cancellationToken);
            throw new InvalidDataException(SR.TakeoverServerStopped, exception);
        }
    }
}
