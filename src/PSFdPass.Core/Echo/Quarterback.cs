using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using PSFdPass.Descriptors;
using PSFdPass.Interop;
using PSFdPass.Sockets;

namespace PSFdPass.Echo;

/// <summary>
/// Accepts TCP connections, greets each user, and throws the connection to a wide receiver: its descriptor, with one byte, over
/// a Unix-domain socket. The user never notices.
/// </summary>
/// <remarks>
/// One thread that waits for everything at once: for users, for the wide receiver to make room or to go away, for the end.
/// The other side can be any program that receives one byte and one descriptor a message. When it goes away the quarterback
/// keeps its listener, leaves new users waiting in the backlog, and connects again.
/// </remarks>
public sealed class Quarterback : IDisposable
{
    private const int MaxAddressLength = 128;
    // While users come one upon the other, how many copies are kept before it is looked whether they have arrived.
    private const int DeliveryBatch = 16;

    private static readonly TimeSpan DeliveryCheck = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan PauseBeforeRetry = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly UnixSocketAddress _address;
    private readonly string _socketName;
    private readonly Action<string> _log;
    private readonly Queue<User> _sent = new();
    private readonly Queue<User> _waiting = new();
    private Deadline _acceptAgain = Deadline.After(TimeSpan.Zero);

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
    public Task RunAsync(Action? listening = null, CancellationToken cancellation = default) => Task.Factory.StartNew(
        () => Run(listening, cancellation),
        CancellationToken.None,
        TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
        TaskScheduler.Default);

    /// <summary>Stops listening, and closes the connections that no wide receiver has.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        CloseAll(_sent, _sent.Count);
        CloseAll(_waiting, _waiting.Count);
    }

    private void Run(Action? listening, CancellationToken cancellation)
    {
        _log($"Starting Quarterback with PID ({Environment.ProcessId})");
        using var wake = new WakeDescriptor();
        using CancellationTokenRegistration stop = cancellation.UnsafeRegister(
            static state => ((WakeDescriptor)state!).Signal(), wake);
        try
        {
            for (bool isFirst = true; ; isFirst = false)
            {
                using Socket receiver = Connect(cancellation);
                if (isFirst)
                {
                    _listener.Listen(int.MaxValue);
                    _log($"Listening on {LocalEndPoint}");
                    listening?.Invoke();
                }

                ThrowTo(receiver, wake, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    private Socket Connect(CancellationToken cancellation)
    {
        _log($"Connecting to UNIX socket ({_socketName})");
        Socket receiver = UnixSocketConnection.Connect(
            _address, SocketType.Stream, Timeout.InfiniteTimeSpan, waitForListener: true, cancellation);
        _log($"Connected to UNIX socket ({_socketName})");
        return receiver;
    }

    // Hands users over to one wide receiver; returns when it has gone away.
    private void ThrowTo(Socket receiver, WakeDescriptor wake, CancellationToken cancellation)
    {
        Requeue();
        using var wire = new HandleLease(receiver.SafeHandle);
        using var listener = new HandleLease(_listener.SafeHandle);
        using ReadinessSet watched = ReadinessSet.Create();
        watched.Add(wake.Fd, Poll.POLLIN);
        watched.Add(wire.Fd, Poll.POLLIN);
        watched.Add(listener.Fd, Poll.POLLIN);
        var ready = new (int Descriptor, short Events)[3];
        bool isQuiet = true;
        while (true)
        {
            short missing;
            try
            {
                missing = SendWaiting(wire.Fd);
            }
            catch (SystemCallException)
            {
                // The user stays for the next wide receiver. That this one has gone is the usual reason, but not the only one.
                if (HasGone(wire.Fd, out bool tookAllBefore))
                {
                    CloseAll(_sent, tookAllBefore ? _sent.Count : 0);
                }
                else
                {
                    cancellation.WaitHandle.WaitOne(PauseBeforeRetry);
                }

                return;
            }

            // Our copy of a connection is kept until the wide receiver has taken up its own: if that dies before, the next one
            // gets it. One that has died has an empty queue as well, which the wait tells.
            int taken = CountTaken(wire.Fd, isQuiet);
            watched.Change(wire.Fd, (short)(Poll.POLLIN | missing));
            watched.Change(listener.Fd, _waiting.Count == 0 && _acceptAgain.HasPassed ? Poll.POLLIN : (short)0);
            Deadline next = taken > 0 ? Deadline.After(TimeSpan.Zero)
                : _sent.Count > 0 || _waiting.Count > 0 ? Deadline.After(DeliveryCheck)
                : _acceptAgain.HasPassed ? Deadline.Never
                : _acceptAgain;
            int count = watched.Wait(ready, next);
            cancellation.ThrowIfCancellationRequested();
            isQuiet = count == 0;
            short said = EventsOf(wire.Fd, ready.AsSpan(0, count));
            if ((said & (Poll.POLLHUP | Poll.POLLERR)) == 0)
            {
                CloseAll(_sent, taken);
            }

            if ((said & ~Poll.POLLOUT) != 0 && HasGone(wire.Fd, out bool tookAll))
            {
                CloseAll(_sent, tookAll ? _sent.Count : 0);
                return;
            }

            if (EventsOf(listener.Fd, ready.AsSpan(0, count)) != 0)
            {
                Accept();
            }
        }
    }

    private static short EventsOf(int descriptor, ReadOnlySpan<(int Descriptor, short Events)> ready)
    {
        foreach ((int one, short events) in ready)
        {
            if (one == descriptor)
            {
                return events;
            }
        }

        return 0;
    }

    // How many of those that were sent the wide receiver has. While users come one upon the other, it is asked only now and then.
    private int CountTaken(int wire, bool isQuiet) =>
        _sent.Count >= (isQuiet ? 1 : DeliveryBatch) && SysIoctl.IsSendQueueEmpty(wire) ? _sent.Count : 0;

    // Those whom the last wide receiver did not take come first.
    private void Requeue()
    {
        while (_waiting.TryDequeue(out User? user))
        {
            _sent.Enqueue(user);
        }

        while (_sent.TryDequeue(out User? user))
        {
            _waiting.Enqueue(user);
        }
    }

    // Sends as many as there is room for, and returns what to wait for before the next one: POLLOUT, or 0.
    private short SendWaiting(int wire)
    {
        while (_waiting.TryPeek(out User? user))
        {
            try
            {
                using var lease = new HandleLease(user.Connection);
                int fd = lease.Fd;
                if (!DescriptorSender.TrySendOnce(wire, [1], new ReadOnlySpan<int>(in fd), out _))
                {
                    return Poll.POLLOUT;
                }
            }
            catch (SystemCallException exception) when (exception.ErrnoName == "ETOOMANYREFS")
            {
                // The wide receiver has many to take up yet: again after a while.
                return 0;
            }

            _sent.Enqueue(_waiting.Dequeue());
        }

        return 0;
    }

    // Whether the wide receiver has closed its end, and had received everything by then. Whatever it had not received is gone
    // with its socket, which the kernel tells with ECONNRESET.
    [SkipLocalsInit]
    private static bool HasGone(int wire, out bool tookAll)
    {
        tookAll = false;
        Span<byte> data = stackalloc byte[256];
        try
        {
            // It has nothing to say; what it says all the same is dropped, and descriptors that it sends are closed.
            while (DescriptorReceiver.TryReceive(wire, SocketType.Stream, data, [], peek: false, out ReceiveResult result))
            {
                if (result.IsEndOfStream)
                {
                    tookAll = true;
                    return true;
                }
            }

            return false;
        }
        catch (SystemCallException)
        {
            return true;
        }
    }

    private void Accept()
    {
        Span<byte> address = stackalloc byte[MaxAddressLength];
        try
        {
            // Not by the Socket: its asynchronous operations set O_NONBLOCK, which on some systems accepted connections inherit,
            // and the wide receiver would share it.
            if (UnixSocketConnection.TryAccept(_listener.SafeHandle, address, out int length) is { } connection)
            {
                Greet(new User(connection, SocketFacts.Text(address[..Math.Min(length, MaxAddressLength)])));
            }
        }
        catch (SystemCallException exception)
        {
            // No descriptor left, or a user who was gone before we came: those behind it wait in the backlog.
            _log(exception.Message);
            _acceptAgain = Deadline.After(PauseBeforeRetry);
        }
    }

    private unsafe void Greet(User user)
    {
        _log($"Handling connection from ({user.Name})");
        ReadOnlySpan<byte> greeting = Greeting.FromQuarterback;
        using (var lease = new HandleLease(user.Connection))
        fixed (byte* bytes = greeting)
        {
            // A new connection has room for a line, so this does not wait.
            if (SysSocket.Send(lease.Fd, bytes, (nuint)greeting.Length, Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_NOSIGNAL) == greeting.Length)
            {
                _waiting.Enqueue(user);
                return;
            }
        }

        _log($"A user was gone before the greeting: {SystemCallException.FromLast("send").Message}");
        user.Connection.Dispose();
    }

    private void CloseAll(Queue<User> users, int count)
    {
        for (; count > 0; count--)
        {
            User user = users.Dequeue();
            _log($"Closing connection from ({user.Name})");
            user.Connection.Dispose();
        }
    }

    private sealed record User(SafeDescriptorHandle Connection, string Name);
}
