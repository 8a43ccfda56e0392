using System.Net;
using System.Net.Sockets;
using PSFdPass.Interop;

namespace PSFdPass.Echo;

/// <summary>
/// Accepts TCP connections, greets each user, and throws the connection to a wide receiver: it sends the descriptor, with one byte, over a
/// Unix-domain socket (the wire). The user's connection is not interrupted.
/// </summary>
/// <remarks>
/// <para>
/// One thread waits for new users, for space in the wire, for the wide receiver to close the wire, and for cancellation. The other side can
/// be any program that receives one byte and one descriptor per message. When it closes the wire, the quarterback keeps its listener,
/// leaves new users waiting in the backlog, and connects again.
/// </para>
/// <para>
/// The quarterback keeps its copy of a connection until the wide receiver has received its own. If the wide receiver does not receive it,
/// the quarterback throws the connection again. On Linux, if the wide receiver runs under the same account and in the same PID namespace, a
/// connection has one server at a time. It is not thrown again while another process has it open. After the wide receiver exits, its users
/// are thrown again. If the wide receiver runs under another account, its open descriptors can't be listed. If it then closes the wire but
/// continues to run, a user whom it has received but not yet written to may be thrown again. If it is in another PID namespace, the
/// quarterback may treat its exit as if it had only closed the wire. macOS does not report whether a message has been received, so there a
/// user on the wire is lost when the wide receiver exits.
/// </para>
/// <para>
/// If a wide receiver closes the wire but continues to run, users are then thrown one at a time. Each time all of them have been received,
/// the number that may be thrown at a time doubles. A user who has been on the wire at the death of two wide receivers is thrown last and
/// alone. If two more wide receivers die while that user is alone on the wire, the user is dropped, and the log reports it.
/// </para>
/// </remarks>
public sealed partial class Quarterback : IDisposable
{
    /// <summary>
    /// The largest number of users who may be on the wire. It is more than the wire has space for. When it is reached, no more users are
    /// accepted until the wire is empty, because only an empty wire shows that all users have been received.
    /// </summary>
    internal const int MaxThrown = 512;

    // The number of users on the wire at which the quarterback checks whether they were received, while users keep arriving.
    private const int DeliveryBatch = 16;

    // The number of users accepted in a row before the wire is checked.
    private const int AcceptsInARow = 16;

    private static readonly TimeSpan DeliveryCheck = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan PauseBeforeRetry = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly bool _isListenerShared;
    private readonly Action<string> _log;
    private readonly PlayerLog? _ownLog;
    private readonly Disposer _disposer = new();
    private readonly GreetedUsers _users;
    private readonly Queue<GreetedUser> _ungreeted = new();
    private readonly ReceiverConnector _connector;
    private readonly Play _play = new();
    private readonly ReadyDescriptor[] _ready = new ReadyDescriptor[3];
    private DescriptorTable? _table;
    private RetryTime _acceptAgain = RetryTime.Now;
    private string? _logged;
    private bool _isTableFull;
    private int _window = MaxThrown;

    /// <summary>Creates a quarterback and binds its port. It does not listen yet.</summary>
    /// <param name="listen">The address where users connect; port 0 chooses a free port.</param>
    /// <param name="socketPath">The wide receiver's Unix-domain socket.</param>
    /// <param name="log">Called on another thread for each line of the log. It may block or throw an exception.</param>
    /// <param name="socketName">The socket's name in the log; null for its path.</param>
    /// <param name="allowAnyUser">
    /// True to connect to a wide receiver that runs under any account; false to connect only to one that runs under this process's account.
    /// </param>
    /// <exception cref="SystemCallException">
    /// Thrown when the port is in use (EADDRINUSE) or privileged (EACCES), or the path of the socket is too long (ENAMETOOLONG).
    /// </exception>
    public Quarterback(IPEndPoint listen, string socketPath, Action<string> log, string? socketName = null, bool allowAnyUser = false)
        : this(listen, socketPath, new PlayerLog(log), socketName, allowAnyUser) => _ownLog = (PlayerLog)_log.Target!;

    internal Quarterback(
        IPEndPoint listen, string socketPath, PlayerLog log, string? socketName, bool allowAnyUser, Socket? listener = null)
    {
        ArgumentNullException.ThrowIfNull(listen);
        _log = log.Add;
        _connector = new ReceiverConnector(
            UnixSocketAddress.FromPath(socketPath), ShownText.Of(socketName ?? socketPath), allowAnyUser, _log);
        _users = new GreetedUsers(_log, _disposer);
        if (listener is not null)
        {
            listener.Blocking = false;
            _listener = listener;
            _isListenerShared = true;
            LocalEndPoint = SocketInfo.Of(listener.SafeHandle)?.LocalEndPoint as IPEndPoint ?? listen;
            return;
        }

        _listener = new Socket(listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listener.Bind(listen);
            _listener.Blocking = false;
            LocalEndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        }
        catch (SocketException exception)
        {
            _listener.Dispose();
            throw SystemCallException.From(exception, "bind", listen.ToString());
        }
    }

    /// <summary>Gets the address where users connect, with the port that was bound.</summary>
    public IPEndPoint LocalEndPoint { get; }

    private bool MayAccept => _acceptAgain.IsReached && _users.Waiting == 0 && _ungreeted.Count == 0 && _users.Thrown < _window;

    /// <summary>Connects to the wide receiver, listens, and throws users to the wide receiver until it is canceled.</summary>
    /// <param name="listening">Called once, as soon as users can connect.</param>
    /// <param name="cancellation">The token that stops the quarterback.</param>
    /// <exception cref="SystemCallException">
    /// Thrown when the first attempt to connect fails with a permanent error (ENOTSOCK, EACCES and so on), or when another program that has
    /// bound the same port has begun to listen on it first (EADDRINUSE).
    /// </exception>
    /// <exception cref="InvalidOperationException">Thrown when the quarterback is already running.</exception>
    public Task RunAsync(Action? listening = null, CancellationToken cancellation = default) =>
        _play.Begin((set, end) => Run(listening, set, end), static () => new DescriptorSet(), cancellation);

    /// <summary>
    /// Stops the quarterback and waits until it has stopped. Then stops listening, and closes the connections that no wide receiver has
    /// received.
    /// </summary>
    public void Dispose()
    {
        _play.Dispose();
        if (_isListenerShared)
        {
            // The service manager has the listener open as well, and may start the next server with it.
            FileDescriptor.CloseHandle(_listener.SafeHandle);
        }

        _listener.Dispose();
        _users.Dispose();
        while (_ungreeted.TryDequeue(out GreetedUser? user))
        {
            _disposer.Close(user.Connection);
        }

        _disposer.Dispose();
        _ownLog?.Dispose();
    }

    private void Run(Action? listening, DescriptorSet set, CancellationToken cancellation)
    {
        _log(SR.Format(SR.QuarterbackStarting, Environment.ProcessId));
        using var table = new DescriptorTable();
        _disposer.WarmUp();
        _table = table;
        set.Add(_listener.SafeHandle, DescriptorEvents.None);
        try
        {
            for (bool isFirst = true; ; isFirst = false)
            {
                // If a wide receiver accepts the connection and closes it without receiving a user, the quarterback pauses before it connects again.
                RetryTime soonest = RetryTime.After(PauseBeforeRetry);
                using var wire = new Wire(_connector.Connect(cancellation)) { Discarded = descriptor => _disposer.Close(descriptor) };
                using var receiver = ReceiverProcess.Of(wire.Socket);
                if (isFirst)
                {
                    Listen();
                    listening?.Invoke();
                }

                bool tookSomebody = ThrowTo(wire, receiver, set, cancellation);
                if (!tookSomebody)
                {
                    cancellation.WaitHandle.WaitOne(soonest.Left);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    // Throws users to one wide receiver until the wire is closed. Returns whether the wide receiver received a user.
    private bool ThrowTo(Wire wire, ReceiverProcess receiver, DescriptorSet set, CancellationToken cancellation)
    {
        set.Add(wire.Handle, DescriptorEvents.Readable);
        try
        {
            _logged = null;
            bool tookSomebody = false;
            WireEnd end = Play(wire, set, ref tookSomebody, cancellation);
            var broken = new BrokenWire(end, receiver, _users.OnTheWire);
            _users.TakeBack(broken.Judge);
            _window = broken.IsAlive ? 1 : MaxThrown;
            return tookSomebody || broken.TookSomebody;
        }
        finally
        {
            set.Remove(wire.Handle);
            set.Change(_listener.SafeHandle, DescriptorEvents.None);
        }
    }

    private WireEnd Play(Wire wire, DescriptorSet set, ref bool tookSomebody, CancellationToken cancellation)
    {
        bool isQuiet = true;
        while (true)
        {
            // Check this before throwing the next user: an empty wire then shows that all earlier users have been received.
            bool areTaken = _users.Thrown >= (isQuiet ? 1 : Math.Min(DeliveryBatch, _window)) && wire.IsEmpty;
            GreetAgain();
            CheckTable();
            if (!TryThrowWaiting(wire, out bool isFull))
            {
                return wire.FindEnd(DescriptorEvents.HangUp) is var end and not WireEnd.None ? end : WireEnd.Reset;
            }

            DescriptorEvents wireEvents = Wait(wire, set, isFull, areTaken, out bool hasUsers, cancellation);

            // The wire is also empty after the wide receiver has closed it.
            if (areTaken && (wireEvents & (DescriptorEvents.HangUp | DescriptorEvents.Error)) == 0)
            {
                _users.CloseTaken();
                tookSomebody = true;
                _window = Math.Min(_window * 2, MaxThrown);
            }

            if ((wireEvents & ~DescriptorEvents.Writable) != 0 && wire.FindEnd(wireEvents) is var found and not WireEnd.None)
            {
                return found;
            }

            isQuiet = !hasUsers;
            if (hasUsers && MayAccept)
            {
                Accept(wire);
            }
        }
    }

    private DescriptorEvents Wait(
        Wire wire, DescriptorSet set, bool isFull, bool areTaken, out bool hasUsers, CancellationToken cancellation)
    {
        hasUsers = false;
        DescriptorEvents wireEvents = DescriptorEvents.None;
        try
        {
            set.Change(
                wire.Handle,
                (wire.IsHalfClosed ? DescriptorEvents.None : DescriptorEvents.Readable) |
                (isFull ? DescriptorEvents.Writable : DescriptorEvents.None));
            bool mayAccept = MayAccept;
            set.Change(_listener.SafeHandle, mayAccept ? DescriptorEvents.Readable : DescriptorEvents.None);
            TimeSpan timeout = areTaken ? TimeSpan.Zero
                : _users.Thrown > 0 || _users.Waiting > 0 || _ungreeted.Count > 0 ? DeliveryCheck
                : mayAccept ? Timeout.InfiniteTimeSpan
                : _acceptAgain.Left;
            int count = set.Wait(_ready, timeout);
            foreach (ReadyDescriptor ready in _ready.AsSpan(0, count))
            {
                if (ready.Descriptor == wire.Handle)
                {
                    wireEvents = ready.Events;
                }
                else
                {
                    hasUsers = true;
                }
            }
        }
        catch (SystemCallException exception)
        {
            // Memory is temporarily low. The wire stays open, because the users on it may still be received.
            LogOnce(exception.Message);
            cancellation.WaitHandle.WaitOne(PauseBeforeRetry);
        }

        cancellation.ThrowIfCancellationRequested();
        return wireEvents;
    }

    // Throws as many users as the wire has space for. Returns false when the wide receiver has closed the wire.
    private bool TryThrowWaiting(Wire wire, out bool isFull)
    {
        isFull = false;
        try
        {
            while (_users.Thrown < _window && !_users.IsSuspectThrown && _users.TryPeek(out GreetedUser? user))
            {
                if (user.HasWaited && !user.IsConnected)
                {
                    _users.Drop(UserEnd.Gone);
                    continue;
                }

                if (!wire.TryThrow(user.Connection))
                {
                    isFull = true;
                    user.HasWaited = true;
                    return true;
                }

                _users.Throw();
            }
        }
        catch (SystemCallException exception)
        {
            if (exception.ErrnoName is "ECONNRESET" or "EPIPE" or "ENOTCONN")
            {
                return false;
            }

            // The wide receiver is still connected, and will receive the users on the wire. Perhaps too many descriptors are in flight
            // (ETOOMANYREFS), or the wide receiver refuses descriptors (EPERM).
            LogOnce(exception.Message);
        }

        return true;
    }

    private void LogOnce(string line)
    {
        if (_logged != line)
        {
            _logged = line;
            _log(line);
        }
    }
}
