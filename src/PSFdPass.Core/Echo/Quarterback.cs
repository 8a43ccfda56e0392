using System.Net;
using System.Net.Sockets;
using PSFdPass.Descriptors;
using PSFdPass.Interop;
using PSFdPass.Sockets;

namespace PSFdPass.Echo;

/// <summary>
/// Accepts TCP connections, greets each user, and throws the connection to a wide receiver: its descriptor, with one byte, over
/// a Unix-domain socket. The user never notices.
/// </summary>
/// <remarks>
/// The other side can be any program that receives one byte and one descriptor a message. When it goes away the quarterback
/// keeps its listener, leaves new users waiting in the backlog, and connects again.
/// </remarks>
public sealed class Quarterback : IDisposable
{
    private static readonly TimeSpan DeliveryCheck = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan PauseBeforeRetry = TimeSpan.FromMilliseconds(100);

    // While users come one upon the other, how many copies are kept before it is looked whether they have arrived.
    private const int DeliveryBatch = 16;

    private readonly Socket _listener;
    private readonly UnixSocketAddress _address;
    private readonly string _socketName;
    private readonly Action<string> _log;
    private readonly Queue<User> _undelivered = new();
    private Task<Socket>? _accepting;

    /// <summary>Makes a quarterback, and takes its port; it does not listen yet.</summary>
    /// <param name="listen">Where users connect; port 0 takes a free one.</param>
    /// <param name="socketPath">The wide receiver's Unix-domain socket.</param>
    /// <param name="log">Receives a line for everything that happens, from any thread.</param>
    /// <param name="socketName">What the log calls the socket, if not by its path.</param>
    /// <exception cref="SystemCallException">
    /// EADDRINUSE: the port is taken. EACCES: it is a privileged one. ENAMETOOLONG: the socket's path is too long.
    /// </exception>
    public Quarterback(IPEndPoint listen, string socketPath, Action<string> log, string? socketName = null)
    {
        _address = UnixSocketAddress.FromPath(socketPath);
        _socketName = socketName ?? socketPath;
        _log = log;
        _listener = new Socket(listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listener.Bind(listen);
            LocalEndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        }
        catch (SocketException exception)
        {
            _listener.Dispose();
            throw SystemCallException.From(exception, "bind", listen.ToString());
        }
    }

    /// <summary>Where users connect, with the port that was taken.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Plays until it is cancelled: connects to the wide receiver, listens, and hands users over.</summary>
    /// <param name="listening">Called once, when users can connect.</param>
    /// <param name="cancellation">Ends the play.</param>
    /// <exception cref="SystemCallException">Something that trying again won't mend: EACCES on the socket, ENOTSOCK and so on.</exception>
    public async Task RunAsync(Action? listening = null, CancellationToken cancellation = default)
    {
        _log($"Starting Quarterback with PID ({Environment.ProcessId})");
        try
        {
            Socket receiver = await ConnectAsync(cancellation).ConfigureAwait(false);
            _listener.Listen(int.MaxValue);
            _log($"Listening on {LocalEndPoint}");
            listening?.Invoke();
            while (true)
            {
                using (receiver)
                {
                    await ThrowToAsync(receiver, cancellation).ConfigureAwait(false);
                }

                receiver = await ConnectAsync(cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    /// <summary>Stops listening, and closes the connections that no wide receiver has.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        while (_undelivered.TryDequeue(out User? user))
        {
            Close(user);
        }
    }

    private async Task<Socket> ConnectAsync(CancellationToken cancellation)
    {
        _log($"Connecting to UNIX socket ({_socketName})");
        Socket receiver = await UnixSocketConnection.ConnectAsync(
            _address,
            SocketType.Stream,
            Timeout.InfiniteTimeSpan,
            waitForListener: true,
            cancellation).ConfigureAwait(false);
        _log($"Connected to UNIX socket ({_socketName})");
        return receiver;
    }

    // Hands users over to one wide receiver; returns when it has gone away.
    private async Task ThrowToAsync(Socket receiver, CancellationToken cancellation)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<bool> gone = WatchAsync(receiver, ended.Token);
        try
        {
            // Those whom the last wide receiver did not take come first.
            foreach (User user in _undelivered)
            {
                await ThrowAsync(receiver, user, cancellation).ConfigureAwait(false);
            }

            while (!gone.IsCompleted)
            {
                _accepting ??= PatientAccept.AcceptAsync(_listener, _log, cancellation);
                if (!_accepting.IsCompleted || _undelivered.Count >= DeliveryBatch)
                {
                    CloseDelivered(receiver);
                }

                if (!_accepting.IsCompleted)
                {
                    Task timer = _undelivered.Count > 0 ? Task.Delay(DeliveryCheck, cancellation) : gone;
                    await Task.WhenAny(_accepting, gone, timer).ConfigureAwait(false);
                }

                if (_accepting.IsCompleted && !gone.IsCompleted)
                {
                    Socket socket = await _accepting.ConfigureAwait(false);
                    _accepting = null;
                    if (Greet(socket) is { } user)
                    {
                        _undelivered.Enqueue(user);
                        await ThrowAsync(receiver, user, cancellation).ConfigureAwait(false);
                    }
                }
            }

            bool tookAll = await gone.ConfigureAwait(false);
            if (tookAll)
            {
                CloseSent();
            }
        }
        catch (SystemCallException exception) when (exception.Call == "sendmsg")
        {
            // The user stays among the undelivered ones, for the next wide receiver.
            if (!gone.IsCompleted)
            {
                await Task.Delay(PauseBeforeRetry, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            ended.Cancel();
            await ((Task)gone).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Completes when the wide receiver has closed its end: true when it had received everything by then. Whatever it had not
    // received is gone with its socket, which the kernel tells with ECONNRESET.
    private static async Task<bool> WatchAsync(Socket receiver, CancellationToken cancellation)
    {
        try
        {
            // It has nothing to say; what it says all the same is dropped.
            while (await DescriptorReceiver.ReceiveMessageAsync(
                receiver.SafeHandle, Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(false) is { } message)
            {
                message.Dispose();
            }

            return true;
        }
        catch (SystemCallException)
        {
            return false;
        }
    }

    private async Task ThrowAsync(Socket receiver, User user, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await DescriptorSender.SendAsync(
                    receiver.SafeHandle, data: null, [user.Socket.SafeHandle], Timeout.InfiniteTimeSpan, cancellation)
                    .ConfigureAwait(false);
                user.IsSent = true;
                return;
            }
            catch (SystemCallException exception) when (exception.ErrnoName == "ETOOMANYREFS")
            {
                // The wide receiver has many to take up yet.
                await Task.Delay(DeliveryCheck, cancellation).ConfigureAwait(false);
            }
        }
    }

    private User? Greet(Socket socket)
    {
        try
        {
            var user = new User(socket, $"{socket.RemoteEndPoint}");
            _log($"Handling connection from ({user.Name})");

            // A new connection has room for a line, so this does not wait.
            socket.Send(Greeting.FromQuarterback);
            return user;
        }
        catch (SocketException exception)
        {
            _log($"A user was gone before the greeting: {exception.Message}");
            socket.Dispose();
            return null;
        }
    }

    // Our copy of a connection is kept until the wide receiver has taken up its own: if that dies before, the next one gets it.
    private void CloseDelivered(Socket receiver)
    {
        using var lease = new HandleLease(receiver.SafeHandle);
        if (_undelivered.Count > 0 && SysIoctl.IsSendQueueEmpty(lease.Fd) && !SocketWait.HasHungUp(lease.Fd))
        {
            CloseSent();
        }
    }

    private void CloseSent()
    {
        while (_undelivered.TryPeek(out User? user) && user.IsSent)
        {
            Close(_undelivered.Dequeue());
        }
    }

    private void Close(User user)
    {
        _log($"Closing connection from ({user.Name})");
        user.Socket.Dispose();
    }

    private sealed record User(Socket Socket, string Name)
    {
        public bool IsSent { get; set; }
    }
}
