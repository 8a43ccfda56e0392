using System.Net.Sockets;
using PSFdPass.Interop;

namespace PSFdPass.Echo;

/// <summary>
/// Receives the connections that quarterbacks throw to its Unix-domain socket, greets each user on the connection the user already has,
/// and echoes every byte until the user hangs up. One thread serves all quarterbacks and users.
/// </summary>
/// <remarks>
/// <para>
/// Descriptors come from other processes, and closing or inspecting one can block indefinitely (SO_LINGER, FUSE). To inspect one,
/// the serving thread therefore only calls getsockopt(2), getsockname(2) and getpeername(2), which never block. Other threads close
/// descriptors, and describe in the log those that are not served. The wide receiver serves TCP connections, and Unix-domain ones
/// only when that is permitted. It closes everything else, including a connection that it already serves or of which it has both
/// ends.
/// </para>
/// <para>
/// Some numbers of the descriptor table stay free, because a signal can't end the process properly when the table is full. While there is
/// no free number, further users stay in the queues of the sockets to the quarterbacks.
/// </para>
/// </remarks>
public sealed partial class WideReceiver : IDisposable
{
    private const int EchoBufferSize = 16384;

    // The numbers of messages and descriptors after which the turn of a quarterback ends.
    private const int MessagesInARow = 64;
    private const int DescriptorsInARow = 64;

    // The number of descriptors that may wait to be closed. While more are waiting, nothing is received from quarterbacks that have sent
    // descriptors other than connections of users.
    private const int MaxPending = 1024;

    private static readonly TimeSpan PauseWithoutDescriptors = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly string _socketName;
    private readonly bool _allowAnyUser;
    private readonly bool _allowUnixConnections;
    private readonly Action<string> _log;
    private readonly PlayerLog? _ownLog;
    private readonly Disposer _disposer = new();
    private readonly Play _play = new();
    private readonly HashSet<QuarterbackLine> _quarterbacks = [];
    private readonly ServedUsers _users = new();
    private readonly byte[] _buffer = new byte[EchoBufferSize];
    private readonly FileDescriptor[] _descriptors = new FileDescriptor[DescriptorSender.MaxDescriptorsPerMessage];
    private DescriptorSet _watched = null!;
    private DescriptorTable _table = null!;
    private RetryTime _workAgain = RetryTime.Never;
    private bool _isFull;

    /// <summary>Creates a wide receiver and its socket. From then on, quarterbacks can connect.</summary>
    /// <param name="socketPath">The Unix-domain socket to listen on. Its file is removed when the wide receiver is disposed.</param>
    /// <param name="log">Called on another thread for each line of the log. It may block or throw an exception.</param>
    /// <param name="socketName">The socket's name in the log; null for its path.</param>
    /// <param name="allowAnyUser">
    /// True to serve quarterbacks that run under any account; false to serve only those that run under this process's account.
    /// </param>
    /// <param name="replaceStale">True to replace a socket on which no process listens.</param>
    /// <param name="allowUnixConnections">True to serve users on Unix-domain stream sockets too.</param>
    /// <exception cref="SystemCallException">
    /// Thrown when the path is in use (EADDRINUSE), or can't be used (ENAMETOOLONG, ENOENT, EACCES).
    /// </exception>
    public WideReceiver(
        string socketPath,
        Action<string> log,
        string? socketName = null,
        bool allowAnyUser = false,
        bool replaceStale = false,
        bool allowUnixConnections = false)
        : this(socketPath, new PlayerLog(log), socketName, allowAnyUser, replaceStale, allowUnixConnections) =>
        _ownLog = (PlayerLog)_log.Target!;

    internal WideReceiver(
        string socketPath, PlayerLog log, string? socketName, bool allowAnyUser, bool replaceStale, bool allowUnixConnections)
    {
        _log = log.Add;
        _socketName = ShownText.Of(socketName ?? socketPath);
        _allowAnyUser = allowAnyUser;
        _allowUnixConnections = allowUnixConnections;
        const UnixFileMode EveryUser = UnixSocketListener.DefaultMode |
            UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        _listener = UnixSocketListener.Create(
            UnixSocketAddress.FromPath(socketPath),
            backlog: int.MaxValue,
            mode: allowAnyUser ? EveryUser : UnixSocketListener.DefaultMode,
            replaceStale: replaceStale);
        _listener.Blocking = false;
    }

    /// <summary>Gets the method that creates the set of descriptors on which the wide receiver waits.</summary>
    internal Func<DescriptorSet> CreateSet { get; init; } = static () => new DescriptorSet();

    /// <summary>Serves quarterbacks and users until it is canceled, and then shuts down the connections of the users.</summary>
    /// <param name="listening">Called once, when the wide receiver begins to serve.</param>
    /// <param name="cancellation">The token that stops the wide receiver.</param>
    /// <exception cref="InvalidOperationException">Thrown when the wide receiver is already running.</exception>
    public Task RunAsync(Action? listening = null, CancellationToken cancellation = default) =>
        _play.Begin((set, end) => Run(listening, set, end), CreateSet, cancellation);

    /// <summary>Stops the wide receiver, waits until it has stopped, stops listening, and removes the socket's file.</summary>
    public void Dispose()
    {
        _play.Dispose();
        _listener.Dispose();
        _disposer.Dispose();
        _ownLog?.Dispose();
    }

    private void Run(Action? listening, DescriptorSet set, CancellationToken cancellation)
    {
        _log(SR.Format(SR.ReceiverStarting, Environment.ProcessId));
        _log(SR.Format(SR.ReceiverListening, _socketName));
        using var table = new DescriptorTable();
        _disposer.WarmUp();
        _watched = set;
        _table = table;
        set.Add(_listener.SafeHandle, DescriptorEvents.Readable);
        listening?.Invoke();
        try
        {
            Serve(cancellation);
        }
        finally
        {
            foreach (EchoedUser user in _users.All())
            {
                Close(user);
            }

            foreach (QuarterbackLine quarterback in _quarterbacks.ToArray())
            {
                Close(quarterback);
            }

            _workAgain = RetryTime.Never;
        }
    }

    private void Serve(CancellationToken cancellation)
    {
        var ready = new ReadyDescriptor[64];
        while (!cancellation.IsCancellationRequested)
        {
            int count = Wait(ready, cancellation);
            if (_workAgain.IsReached && !_workAgain.IsNever)
            {
                WorkAgain();
            }

            foreach ((_, DescriptorEvents events, object? state) in ready.AsSpan(0, count))
            {
                switch (state)
                {
                    // A user whose connection was closed in this round may still be in the buffer.
                    case EchoedUser user when user.Connection.IsOpen && _users.Contains(user):
                        Serve(user, events);
                        break;
                    case QuarterbackLine quarterback when _quarterbacks.Contains(quarterback):
                        Catch(quarterback);
                        break;
                    case null:
                        Accept();
                        break;
                }
            }
        }
    }

    private int Wait(ReadyDescriptor[] ready, CancellationToken cancellation)
    {
        try
        {
            return _watched.Wait(ready, _workAgain.Left);
        }
        catch (SystemCallException exception)
        {
            // Memory is temporarily low.
            _log(exception.Message);
            cancellation.WaitHandle.WaitOne(PauseWithoutDescriptors);
            return 0;
        }
    }

    private void Accept()
    {
        FileDescriptor? quarterback;
        try
        {
            quarterback = Acceptor.TryAccept(_listener.SafeHandle);
        }
        catch (SystemCallException exception)
        {
            _log(exception.Message);
            PauseAccepting();
            return;
        }

        if (quarterback is null)
        {
            return;
        }

        if (_table.IsInReserve(quarterback))
        {
            LogFull();
            PauseAccepting();
        }

        try
        {
            Welcome(quarterback);
        }
        catch (SystemCallException exception)
        {
            _log(SR.Format(SR.QuarterbackFailed, _socketName, exception.Message));
            quarterback.Dispose();
        }
    }

    // Stops watching the listener for a moment, because it would be ready again at once. New quarterbacks wait in the backlog.
    private void PauseAccepting()
    {
        _watched.Change(_listener.SafeHandle, DescriptorEvents.None);
        _workAgain = RetryTime.After(PauseWithoutDescriptors);
    }

    private void Welcome(FileDescriptor connection)
    {
        if (!_allowAnyUser)
        {
            using var peer = UnixSocketPeer.Of(connection.SafeHandle);
            if (peer.UserId != OwnUser.Id)
            {
                _log(SR.Format(SR.QuarterbackOfOtherUser, _socketName, peer));
                connection.Dispose();
                return;
            }
        }

        var quarterback = new QuarterbackLine(connection, _socketName, _log);
        _watched.Add(connection.SafeHandle, DescriptorEvents.Readable, quarterback);
        _quarterbacks.Add(quarterback);
        _log(SR.Format(SR.ConnectionHandled, _socketName));
    }

    private void Serve(EchoedUser user, DescriptorEvents events)
    {
        DescriptorEvents next = user.Serve(_buffer, events);
        if (next == DescriptorEvents.None)
        {
            Close(user);
        }
        else
        {
            _watched.Change(user.Connection.SafeHandle, next);
        }
    }

    private void Close(EchoedUser user)
    {
        if (!_users.Remove(user))
        {
            return;
        }

        _watched.Remove(user.Connection.SafeHandle);

        // This ends the connection for the user at once, even if other processes have it open.
        SocketInfo.Shutdown(user.Connection.SafeHandle);
        _disposer.Close(user.Connection);
        _log(SR.Format(SR.ConnectionClosed, user.Name));
        if (!_workAgain.IsNever)
        {
            // There is space for another user.
            _workAgain = RetryTime.Now;
        }
    }

    private void Close(QuarterbackLine quarterback)
    {
        _watched.Remove(quarterback.Connection.SafeHandle);
        _quarterbacks.Remove(quarterback);
        quarterback.LogCount();
        quarterback.Connection.Dispose();
        _log(SR.Format(SR.QuarterbackClosed, _socketName));
    }

    // Pauses a quarterback that would immediately be ready again, but can't be served yet. Waiting for no event is not enough, because a
    // hang-up would still be reported each time.
    private void Rest(QuarterbackLine quarterback)
    {
        quarterback.IsResting |= _watched.Remove(quarterback.Connection.SafeHandle);
        _workAgain = RetryTime.After(PauseWithoutDescriptors);
    }

    private void WorkAgain()
    {
        _workAgain = RetryTime.Never;
        if (_table.IsFull() && _users.Count > 0)
        {
            _workAgain = RetryTime.After(PauseWithoutDescriptors);
            return;
        }

        _watched.Change(_listener.SafeHandle, DescriptorEvents.Readable);
        foreach (QuarterbackLine quarterback in _quarterbacks.Where(static quarterback => quarterback.IsResting).ToArray())
        {
            try
            {
                _watched.Add(quarterback.Connection.SafeHandle, DescriptorEvents.Readable, quarterback);
                quarterback.IsResting = false;
            }
            catch (SystemCallException exception)
            {
                _log(exception.Message);
                Close(quarterback);
            }
        }
    }

    private void LogFull()
    {
        if (!_isFull)
        {
            _log(SR.TableFull);
            _isFull = true;
        }
    }
}
