using System.Net.Sockets;
using PSFdPass.Descriptors;
using PSFdPass.Interop;
using PSFdPass.Sockets;

namespace PSFdPass.Echo;

/// <summary>
/// Takes the connections that quarterbacks throw to its Unix-domain socket, greets each user on the connection the user already
/// has, and echoes every byte until the user hangs up. One thread serves any number of both.
/// </summary>
public sealed class WideReceiver : IDisposable
{
    private const int EchoBufferSize = 16384;
    private const int MessagesInARow = 64;
    private static readonly TimeSpan PauseWithoutDescriptors = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly string _socketName;
    private readonly bool _allowAnyUser;
    private readonly Action<string> _log;
    private readonly Dictionary<int, SafeDescriptorHandle> _quarterbacks = [];
    private readonly Dictionary<int, EchoedUser> _users = [];
    private readonly byte[] _buffer = new byte[EchoBufferSize];
    private readonly int[] _numbers = new int[DescriptorSender.MaxDescriptorsPerMessage];
    private ReadinessSet? _watched;

    /// <summary>Makes a wide receiver, and its socket: from here on quarterbacks can connect.</summary>
    /// <param name="socketPath">The Unix-domain socket to listen on. The file is removed at the end.</param>
    /// <param name="log">Receives a line for everything that happens, from any thread.</param>
    /// <param name="socketName">What the log calls the socket, if not by its path.</param>
    /// <param name="allowAnyUser">True to serve quarterbacks of every user; otherwise only those of this process's user.</param>
    /// <param name="replaceStale">True to remove a socket file on which nobody answers.</param>
    /// <exception cref="SystemCallException">EADDRINUSE: something is there. ENAMETOOLONG, ENOENT, EACCES: the path can't be used.</exception>
    public WideReceiver(
        string socketPath, Action<string> log, string? socketName = null, bool allowAnyUser = false, bool replaceStale = false)
    {
        _log = log;
        _socketName = socketName ?? socketPath;
        _allowAnyUser = allowAnyUser;
        const UnixFileMode EveryUser = UnixSocketListener.DefaultMode |
            UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        _listener = UnixSocketListener.Create(
            UnixSocketAddress.FromPath(socketPath),
            backlog: int.MaxValue,
            mode: allowAnyUser ? EveryUser : UnixSocketListener.DefaultMode,
            replaceStale: replaceStale);
    }

    /// <summary>Plays until it is cancelled; by then every connection that it has is closed.</summary>
    /// <param name="listening">Called once, when the play begins.</param>
    /// <param name="cancellation">Ends the play.</param>
    public Task RunAsync(Action? listening = null, CancellationToken cancellation = default) => Task.Factory.StartNew(
        () => Run(listening, cancellation),
        CancellationToken.None,
        TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
        TaskScheduler.Default);

    /// <summary>Stops listening, and removes the socket's file.</summary>
    public void Dispose() => _listener.Dispose();

    private void Run(Action? listening, CancellationToken cancellation)
    {
        _log($"Starting Wide Receiver on PID ({Environment.ProcessId})");
        _log($"Listening for messages on ({_socketName})");
        using var wake = new WakeDescriptor();
        using CancellationTokenRegistration stop = cancellation.UnsafeRegister(
            static state => ((WakeDescriptor)state!).Signal(), wake);
        using ReadinessSet watched = ReadinessSet.Create();
        _watched = watched;
        using var listener = new HandleLease(_listener.SafeHandle);
        watched.Add(wake.Fd, Poll.POLLIN);
        watched.Add(listener.Fd, Poll.POLLIN);
        listening?.Invoke();
        try
        {
            Serve(listener.Fd, cancellation);
        }
        finally
        {
            foreach (EchoedUser user in _users.Values)
            {
                Close(user);
            }

            foreach (SafeDescriptorHandle quarterback in _quarterbacks.Values)
            {
                Close(quarterback);
            }

            _users.Clear();
            _quarterbacks.Clear();
        }
    }

    private void Serve(int listener, CancellationToken cancellation)
    {
        var ready = new (int Descriptor, short Events)[64];
        Deadline acceptAgain = Deadline.Never;
        while (!cancellation.IsCancellationRequested)
        {
            int count = _watched!.Wait(ready, acceptAgain);
            if (acceptAgain.HasPassed)
            {
                acceptAgain = Deadline.Never;
                _watched.Add(listener, Poll.POLLIN);
            }

            foreach ((int fd, _) in ready.AsSpan(0, count))
            {
                // Whoever is neither of the three has hung up in this round.
                if (_users.TryGetValue(fd, out EchoedUser? user))
                {
                    Serve(user, isNew: false);
                }
                else if (_quarterbacks.TryGetValue(fd, out SafeDescriptorHandle? quarterback))
                {
                    Take(quarterback, fd);
                }
                else if (fd == listener && !TryAccept())
                {
                    // It stays ready: those who connect wait in the backlog for a while.
                    _watched.Remove(listener);
                    acceptAgain = Deadline.After(PauseWithoutDescriptors);
                }
            }
        }
    }

    // False when there is no descriptor left.
    private bool TryAccept()
    {
        try
        {
            if (UnixSocketConnection.TryAccept(_listener.SafeHandle, [], out _) is { } connection)
            {
                Welcome(connection);
            }

            return true;
        }
        catch (SystemCallException exception)
        {
            _log(exception.Message);
            return false;
        }
    }

    private void Welcome(SafeDescriptorHandle connection)
    {
        if (!_allowAnyUser && UnixSocketPeer.Of(connection) is var peer && peer.UserId != Unistd.GetEUid())
        {
            connection.Dispose();
            _log($"Refusing a connection on ({_socketName}) from {peer}");
            return;
        }

        _log($"Handling connection from ({_socketName})");
        int fd = (int)connection.DangerousGetHandle();
        _quarterbacks.Add(fd, connection);
        _watched!.Add(fd, Poll.POLLIN);
    }

    // Takes what a quarterback has thrown, but leaves something to do for the others.
    private void Take(SafeDescriptorHandle quarterback, int fd)
    {
        bool isOver = false;
        try
        {
            for (int messages = 0; messages < MessagesInARow && !isOver; messages++)
            {
                if (!DescriptorReceiver.TryReceive(fd, SocketType.Stream, _buffer, _numbers, peek: false, out ReceiveResult result))
                {
                    return;
                }

                isOver = result.IsEndOfStream;
                if (!isOver)
                {
                    Take(result);
                }
            }
        }
        catch (SystemCallException exception)
        {
            _log(exception.Message);
            isOver = true;
        }

        if (isOver)
        {
            _watched!.Remove(fd);
            _quarterbacks.Remove(fd);
            Close(quarterback);
        }
    }

    private void Take(in ReceiveResult result)
    {
        using var drain = new DescriptorDrain(_numbers.AsSpan(0, result.Descriptors));
        FileDescriptor[] descriptors = drain.TakeAll();
        if ((result.Flags & MessageFlags.DescriptorsTruncated) != 0)
        {
            // A message some of whose descriptors had no room is still a message.
            _log(new DescriptorsLostException(new ReceivedMessage(_buffer[..result.Bytes], descriptors, result)).Message);
        }

        if (descriptors.Length == 0)
        {
            _log($"Ignoring {result.Bytes} bytes that came on ({_socketName}) without a descriptor");
        }

        foreach (FileDescriptor descriptor in descriptors)
        {
            // The user's connection, if that is what was thrown: anything else is closed again.
            if (EchoedUser.Take(descriptor) is { } user)
            {
                _log($"Handling connection from ({user.Name})");
                Serve(user, isNew: true);
            }
            else
            {
                _log($"Ignoring a descriptor that is no connection: {descriptor}");
                descriptor.Dispose();
            }
        }
    }

    private void Serve(EchoedUser user, bool isNew)
    {
        short next = user.Serve(_buffer);
        if (next == 0)
        {
            if (!isNew)
            {
                _watched!.Remove(user.Fd);
                _users.Remove(user.Fd);
            }

            Close(user);
        }
        else if (isNew)
        {
            _watched!.Add(user.Fd, next);
            _users.Add(user.Fd, user);
        }
        else
        {
            _watched!.Change(user.Fd, next);
        }
    }

    private void Close(EchoedUser user)
    {
        user.Close();
        _log($"Closing connection from ({user.Name})");
    }

    private void Close(SafeDescriptorHandle quarterback)
    {
        quarterback.Dispose();
        _log($"Connection on ({_socketName}) closed");
    }
}
