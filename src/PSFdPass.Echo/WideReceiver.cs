using System.Net.Sockets;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Messages;
using PSFdPass.Waiting;

namespace PSFdPass.Echo;

/// <summary>
/// Takes the connections that quarterbacks throw to its Unix-domain socket, greets each user on the connection the user already
/// has, and echoes every byte until the user hangs up. One thread serves any number of both.
/// </summary>
public sealed class WideReceiver : IDisposable
{
    private const int EchoBufferSize = 16384;
    private const int MessagesInARow = 64;

    // What the rest of this process may have open, which it hardly will.
    private const int DescriptorsOfOthers = 512;
    private static readonly TimeSpan PauseWithoutDescriptors = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly string _socketName;
    private readonly bool _allowAnyUser;
    private readonly Action<string> _log;
    private readonly Play _play = new();
    private readonly Dictionary<int, SafeDescriptorHandle> _quarterbacks = [];
    private readonly HashSet<int> _resting = [];
    private readonly Dictionary<int, EchoedUser> _users = [];
    private readonly byte[] _buffer = new byte[EchoBufferSize];
    private readonly int[] _numbers = new int[DescriptorSender.MaxDescriptorsPerMessage];
    private ReadinessSet? _watched;
    private Deadline _workAgain = Deadline.Never;
    private int _maxOpenFiles;
    private bool _isFull;

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

    /// <summary>Makes what waits for everything.</summary>
    internal Func<ReadinessSet> Watching { get; init; } = ReadinessSet.Create;

    /// <summary>Plays until it is cancelled; by then every connection that it has is closed.</summary>
    /// <param name="listening">Called once, when the play begins.</param>
    /// <param name="cancellation">Ends the play.</param>
    /// <exception cref="InvalidOperationException">It plays already.</exception>
    public Task RunAsync(Action? listening = null, CancellationToken cancellation = default) =>
        _play.Begin((wake, end) => Run(listening, wake, end), cancellation);

    /// <summary>Ends the play and waits for that (so it can't be called from the log), stops listening, and removes the socket's file.</summary>
    public void Dispose()
    {
        _play.Dispose();
        _listener.Dispose();
    }

    private void Run(Action? listening, WakeDescriptor wake, CancellationToken cancellation)
    {
        _log($"Starting Wide Receiver on PID ({Environment.ProcessId})");
        _log($"Listening for messages on ({_socketName})");
        using ReadinessSet watched = Watching();
        _watched = watched;
        _maxOpenFiles = SysResource.MaxOpenFiles;
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
                user.Close();
                _log($"Closing connection from ({user.Name})");
            }

            foreach (SafeDescriptorHandle quarterback in _quarterbacks.Values)
            {
                quarterback.Dispose();
                _log($"Connection on ({_socketName}) closed");
            }

            _users.Clear();
            _quarterbacks.Clear();
            _resting.Clear();
        }
    }

    private void Serve(int listener, CancellationToken cancellation)
    {
        var ready = new (int Descriptor, short Events)[64];
        while (!cancellation.IsCancellationRequested)
        {
            int count = _watched!.Wait(ready, _workAgain);
            if (_workAgain.HasPassed)
            {
                WorkAgain(listener);
            }

            foreach ((int fd, short events) in ready.AsSpan(0, count))
            {
                // Whoever is neither of the three has hung up in this round.
                if (_users.TryGetValue(fd, out EchoedUser? user))
                {
                    Serve(user, events);
                }
                else if (_quarterbacks.TryGetValue(fd, out SafeDescriptorHandle? quarterback))
                {
                    Catch(quarterback, fd);
                }
                else if (fd == listener && !TryAccept())
                {
                    // It stays ready: those who connect wait in the backlog for a while.
                    _watched.Change(listener, 0);
                    _workAgain = Deadline.After(PauseWithoutDescriptors);
                }
            }
        }
    }

    // False when there is no descriptor left.
    private bool TryAccept()
    {
        try
        {
            if (UnixSocket.TryAccept(_listener.SafeHandle, [], out _) is { } connection)
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

    private void Welcome(SafeDescriptorHandle quarterback)
    {
        int fd = (int)quarterback.DangerousGetHandle();
        try
        {
            if (!_allowAnyUser && UnixSocketPeer.Of(quarterback) is var peer && peer.UserId != Unistd.GetEUid())
            {
                _log($"Refusing a connection on ({_socketName}) from {peer}");
                quarterback.Dispose();
                return;
            }

            _watched!.Add(fd, Poll.POLLIN);
        }
        catch (SystemCallException exception)
        {
            _log($"Refusing a connection on ({_socketName}): {exception.Message}");
            quarterback.Dispose();
            return;
        }

        _quarterbacks.Add(fd, quarterback);
        _log($"Handling connection from ({_socketName})");
    }

    // Takes what a quarterback has thrown, but leaves something to do for the others.
    private void Catch(SafeDescriptorHandle quarterback, int fd)
    {
        try
        {
            for (int messages = 0; messages < MessagesInARow; messages++)
            {
                // What has no room in the descriptor table is lost with its message, so when there may be none, the message is
                // only looked at first.
                bool isPeeked = _users.Count + _quarterbacks.Count > _maxOpenFiles - DescriptorsOfOthers - _numbers.Length;
                if (RecvMsg.Try(fd, _buffer, _numbers, isPeeked, out ReceiveResult result) != Outcome.Done)
                {
                    _isFull = false;
                    return;
                }

                if (result.IsEndOfStream)
                {
                    Close(quarterback, fd);
                    return;
                }

                if (!TryTake(fd, result, isPeeked))
                {
                    Rest(fd);
                    return;
                }
            }
        }
        catch (SystemCallException exception)
        {
            _log(exception.Message);
            Close(quarterback, fd);
        }
    }

    // False when the message stays where it is, until somebody leaves and there is room for its descriptors.
    private bool TryTake(int quarterback, in ReceiveResult result, bool isPeeked)
    {
        using var drain = new ReceivedDescriptors(_numbers.AsSpan(0, result.Descriptors));
        bool isCut = (result.Flags & MessageFlags.DescriptorsTruncated) != 0;
        if (isPeeked && isCut && (_users.Count > 0 || result.Descriptors == 0))
        {
            if (!_isFull)
            {
                _log("This process has as many descriptors as it may (ulimit -n): the next users wait until others leave.");
                _isFull = true;
            }

            return false;
        }

        if (isPeeked)
        {
            Drop(quarterback, result.Bytes);
        }

        if (isCut)
        {
            _log($"Descriptors that came on ({_socketName}) were lost, because this process has as many as it may (ulimit -n)");
            _maxOpenFiles = 0;
        }
        else if (result.Descriptors == 0)
        {
            _log($"Ignoring {result.Bytes} bytes that came on ({_socketName}) without a descriptor");
        }

        foreach (FileDescriptor descriptor in drain.TakeAll())
        {
            Take(descriptor);
        }

        return true;
    }

    // Removes a message that was looked at. We have its descriptors by then, and recv(2) drops the further ones that it carries.
    private unsafe void Drop(int quarterback, int bytes)
    {
        fixed (byte* buffer = _buffer)
        {
            _ = SysSocket.Recv(quarterback, buffer, (nuint)bytes, Constants.Current.MSG_DONTWAIT);
        }
    }

    // The user's connection, if that is what was thrown: anything else is closed again.
    private void Take(FileDescriptor descriptor)
    {
        if (EchoedUser.Take(descriptor, out string refusal) is not { } user)
        {
            _log("Ignoring " + refusal);
            descriptor.Dispose();
            return;
        }

        _log($"Handling connection from ({user.Name})");
        _users.Add(user.Fd, user);
        try
        {
            _watched!.Add(user.Fd, Poll.POLLIN);
        }
        catch (SystemCallException exception)
        {
            _log(exception.Message);
            Close(user);
            return;
        }

        Serve(user, events: 0);
    }

    private void Serve(EchoedUser user, short events)
    {
        short next = user.Serve(_buffer, events);
        if (next == 0)
        {
            _watched!.Remove(user.Fd);
            Close(user);
        }
        else
        {
            _watched!.Change(user.Fd, next);
        }
    }

    private void Close(EchoedUser user)
    {
        _users.Remove(user.Fd);
        user.Close();
        _log($"Closing connection from ({user.Name})");
        if (!_workAgain.IsNever)
        {
            // There is room for somebody else.
            _workAgain = Deadline.After(TimeSpan.Zero);
        }
    }

    private void Close(SafeDescriptorHandle quarterback, int fd)
    {
        if (!_resting.Remove(fd))
        {
            _watched!.Remove(fd);
        }

        _quarterbacks.Remove(fd);
        quarterback.Dispose();
        _log($"Connection on ({_socketName}) closed");
    }

    // A quarterback that would be ready at once again, with nothing to be done about it. To wait for nothing would not do: that
    // it hangs up would be told all the time.
    private void Rest(int quarterback)
    {
        if (_resting.Add(quarterback))
        {
            _watched!.Remove(quarterback);
        }

        _workAgain = Deadline.After(PauseWithoutDescriptors);
    }

    private void WorkAgain(int listener)
    {
        _workAgain = Deadline.Never;
        _watched!.Change(listener, Poll.POLLIN);
        foreach (int quarterback in _resting.ToArray())
        {
            try
            {
                _watched.Add(quarterback, Poll.POLLIN);
                _resting.Remove(quarterback);
            }
            catch (SystemCallException exception)
            {
                _log(exception.Message);
                Close(_quarterbacks[quarterback], quarterback);
            }
        }
    }
}
