using System.Runtime.InteropServices;
using PSFdPass.Interop;
using PSFdPass.Services;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>
/// The running server's side of a takeover: it listens on a Unix-domain socket, where a successor asks for the server's listeners
/// and connections. The successor's side is <see cref="SocketTakeover"/>.
/// </summary>
/// <remarks>
/// <para>
/// A takeover consists of these steps. The successor receives duplicates of the descriptors, prepares itself, and reports that it
/// is ready. This server confirms. The successor reports that it has taken over, and begins to serve. <see cref="Wait"/> returns.
/// Until it returns, this server must continue to serve. If the successor ends or is not ready in time, nothing changes for this
/// server, and another successor can try.
/// </para>
/// <para>
/// Only one takeover takes place at a time. A second successor is refused, and so is a successor that runs as another user. The
/// socket of the takeover is handed over as well, so its path exists without interruption until the last server that listens there
/// removes it.
/// </para>
/// <para>Thread-safe. Only one thread at a time can call <see cref="Wait"/>.</para>
/// </remarks>
public sealed class SocketTakeoverOffer : IDisposable
{
    private readonly FileDescriptor _listener;
    private readonly SafeHandle _handle;
    private readonly SocketIdentity? _identity;

    // The connections that arrived during a takeover. Only the waiting thread uses the queue. If the takeover fails, the first
    // connection in the queue is next.
    private readonly Queue<FileDescriptor> _others = [];
    private int _isWaiting;
    private int _isDisposed;
    private volatile bool _isHandedOver;

    private SocketTakeoverOffer(UnixSocketAddress address, FileDescriptor listener, SocketIdentity? identity)
    {
        Address = address;
        _listener = listener;
        _handle = listener.SafeHandle;
        _identity = identity;
    }

    /// <summary>Gets the address to which successors connect.</summary>
    public UnixSocketAddress Address { get; }

    /// <summary>
    /// Listens for successors. If this process has taken over from a predecessor at the same address, it uses the socket that it
    /// received in that takeover. Otherwise, it creates a socket file with mode 0600, and replaces the socket file of a process
    /// that has ended.
    /// </summary>
    /// <param name="address">The address to which successors connect.</param>
    /// <param name="cancellationToken">Cancels the wait for the lock on the directory of the socket file.</param>
    /// <exception cref="SystemCallException">Thrown when the address is in use (EADDRINUSE) or can't be bound.</exception>
    public static SocketTakeoverOffer Create(UnixSocketAddress address, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (InheritedTakeovers.TryTake(address, out FileDescriptor listener, out SocketIdentity? identity))
        {
            return new SocketTakeoverOffer(address, listener, identity);
        }

        listener = ServiceSockets.Listen(address, cancellationToken);
        return new SocketTakeoverOffer(address, listener, SocketIdentity.Of(address));
    }

    /// <summary>Waits until a successor has taken over.</summary>
    /// <param name="descriptors">
    /// The descriptors and their names. A name can be up to 255 bytes long in UTF-8. The caller remains the owner of the
    /// descriptors, and must keep them open and continue to serve with them until this method returns.
    /// </param>
    /// <param name="readyTimeout">
    /// The time within which a successor that has connected must report that it is ready; <see cref="Timeout.InfiniteTimeSpan"/>
    /// for no limit. The wait for a successor to connect has no limit.
    /// </param>
    /// <param name="failed">
    /// Called on this thread, with a message, for each successor that was refused or failed; null to ignore them.
    /// </param>
    /// <param name="cancellationToken">
    /// Cancels the wait. A takeover that is in progress ends as if the successor had failed.
    /// </param>
    /// <returns>
    /// The successor, which now serves. This server must stop accepting connections, finish serving its existing connections, and
    /// exit.
    /// </returns>
    /// <exception cref="ArgumentException">Thrown when a name is not valid or occurs twice.</exception>
    /// <exception cref="InvalidOperationException">Thrown when another thread is waiting, or a successor has already taken over.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the wait was canceled. No successor has taken over.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when this object has been disposed.</exception>
    public UnixSocketPeer Wait(
        IReadOnlyList<KeyValuePair<string, SafeHandle>> descriptors,
        TimeSpan readyTimeout,
        Action<string>? failed = null,
        CancellationToken cancellationToken = default)
    {
        ThrowIfInvalid(descriptors);
        _ = Deadline.After(readyTimeout);
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        if (Interlocked.Exchange(ref _isWaiting, 1) != 0)
        {
            throw new InvalidOperationException(SR.OfferInUse);
        }

        try
        {
            if (_isHandedOver)
            {
                throw new InvalidOperationException(SR.OfferComplete);
            }

            while (true)
            {
                using FileDescriptor connection = _others.TryDequeue(out FileDescriptor? next) ? next : Accept(cancellationToken);
                if (HandOver(connection, descriptors, readyTimeout, failed, cancellationToken) is { } successor)
                {
                    _isHandedOver = true;
                    _listener.Dispose();
                    return successor;
                }
            }
        }
        finally
        {
            RefuseOthers(failed);
            Volatile.Write(ref _isWaiting, 0);
        }
    }

    /// <summary>
    /// Stops listening, and removes the path if it still refers to this socket. After a takeover, the path belongs to the successor
    /// and is kept.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        if (!_isHandedOver)
        {
            _identity?.Remove(Address);
        }

        _listener.Dispose();
    }

    private static void ThrowIfInvalid(IReadOnlyList<KeyValuePair<string, SafeHandle>> descriptors)
    {
        ArgumentNullException.ThrowIfNull(descriptors);
        var names = new HashSet<string>();
        foreach ((string name, SafeHandle handle) in descriptors)
        {
            _ = DescriptorNames.GetBytes(name);
            ArgumentNullException.ThrowIfNull(handle, nameof(descriptors));
            if (!names.Add(name))
            {
                throw new ArgumentException(SR.Format(SR.OfferNameTwice, ShownText.Of(name)), nameof(descriptors));
            }
        }
    }

    // The peer's data is not read, and an answer that can't be sent at once is discarded, so that the peer can't delay this server.
    private static void Refuse(FileDescriptor connection, string reason) =>
        TrySend(connection, TakeoverFrame.Text(TakeoverFrame.Refusal, reason));

    private static void TrySend(FileDescriptor connection, byte[] body)
    {
        try
        {
            new FramedSocket(connection.SafeHandle).Send(body, [], Deadline.After(TimeSpan.Zero), CancellationToken.None);
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
        }
    }

    private FileDescriptor Accept(CancellationToken cancellationToken)
    {
        var attempt = new AcceptAttempt(_handle);
        return WaitLoop.Run<AcceptAttempt, FileDescriptor>(ref attempt, _handle, Deadline.Never, cancellationToken);
    }

    // The takeover is still in progress, so refuses the successors that the previous call accepted, and accepts those that have
    // connected since then. A successor that connects shortly before the takeover fails is therefore not refused.
    private void AcceptOthers(Action<string>? failed)
    {
        RefuseOthers(failed);
        try
        {
            while (UnixSocket.TryAccept(_handle) is { } other)
            {
                _others.Enqueue(other);
            }
        }
        catch (SystemCallException exception) when (exception.Errno is Errno.EMFILE or Errno.ENFILE)
        {
            // The successors wait in the listener's queue until this server has closed a descriptor.
        }
    }

    private void RefuseOthers(Action<string>? failed)
    {
        while (_others.TryDequeue(out FileDescriptor? other))
        {
            using (other)
            using (UnixSocketPeer peer = UnixSocketPeer.Of(other.SafeHandle))
            {
                Refuse(other, SR.OfferBusy);
                failed?.Invoke(SR.Format(SR.OfferRefusedBusy, peer.Describe()));
            }
        }
    }

    // Returns the successor, or null if it has not taken over.
    private UnixSocketPeer? HandOver(
        FileDescriptor connection,
        IReadOnlyList<KeyValuePair<string, SafeHandle>> descriptors,
        TimeSpan readyTimeout,
        Action<string>? failed,
        CancellationToken cancellationToken)
    {
        UnixSocketPeer peer = UnixSocketPeer.Of(connection.SafeHandle);
        string who = peer.Describe();
        if (peer.UserId != Unistd.GetEUid())
        {
            Refuse(connection, SR.OfferOfOtherUser);
            failed?.Invoke(SR.Format(SR.OfferRefusedOtherUser, who));
            return null;
        }

        using var frames = new FramedSocket(connection.SafeHandle);
        bool isDecided = false;
        string failure;
        try
        {
            Deadline deadline = Deadline.After(readyTimeout);
            Expect(TakeoverFrame.Hello, deadline);
            TakeoverFrame.SendOffer(frames, _handle, _identity, descriptors, deadline, cancellationToken);
            Expect(TakeoverFrame.Ready, deadline);
            isDecided = true;
            frames.Send([TakeoverFrame.Go], [], deadline, cancellationToken);
            Expect(TakeoverFrame.Taken, deadline);
            return peer;
        }
        catch (Exception exception)
        {
            if (isDecided && HasTaken(connection, frames))
            {
                return peer;
            }

            failure = exception switch
            {
                TimeoutException => SR.Format(SR.OfferNotReady, readyTimeout.TotalSeconds),
                OperationCanceledException or ObjectDisposedException => SR.OfferStopped,
                _ => exception.Message,
            };
            TrySend(connection, TakeoverFrame.Text(TakeoverFrame.GivenUp, failure));
            if (exception is not (IOException or InvalidDataException or TimeoutException))
            {
                throw;
            }
        }

        failed?.Invoke(SR.Format(SR.OfferFailed, who, failure.TrimEnd('.')));
        return null;

        void Expect(byte type, Deadline deadline)
        {
            using Frame frame = frames.Receive(deadline, cancellationToken, () => AcceptOthers(failed)) ??
                throw new EndOfStreamException(SR.OfferSuccessorEnded);
            if (!TakeoverFrame.Is(frame, type) || (type == TakeoverFrame.Hello && TakeoverFrame.TextOf(frame) != TakeoverFrame.Version))
            {
                throw new InvalidDataException(SR.OfferOtherProtocol);
            }
        }
    }

    // After the confirmation, only the successor's report decides whether it has taken over. After StopReceiving, nothing more can
    // arrive, and a send by the successor fails, so both sides reach the same conclusion.
    private static bool HasTaken(FileDescriptor connection, FramedSocket frames)
    {
        try
        {
            ServiceSockets.StopReceiving(connection.SafeHandle);
            return frames.TryReceive(out Frame? frame) && frame is { } last && TakeoverFrame.Is(last, TakeoverFrame.Taken);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException)
        {
            return false;
        }
    }

    private readonly struct AcceptAttempt(SafeHandle listener) : IAttempt<FileDescriptor>
    {
        public short Events => Poll.POLLIN;

        public Outcome Try(out FileDescriptor result)
        {
            result = null!;
            try
            {
                FileDescriptor? accepted = UnixSocket.TryAccept(listener);
                result = accepted!;
                return accepted is null ? Outcome.NotReady : Outcome.Done;
            }
            catch (SystemCallException exception) when (exception.Errno is Errno.EMFILE or Errno.ENFILE)
            {
                // The successor waits in the listener's queue until this server has closed a descriptor.
                return Outcome.Unavailable;
            }
        }

        public Exception CreateTimeoutException() => new TimeoutException(SR.OfferTimedOut);

        public Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);
    }
}
