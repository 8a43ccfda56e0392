using System.Net.Sockets;
using System.Net;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

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
    /// <summary>
    /// How many users may be on their way. More than the wire has room for, so that when no more are accepted it runs empty,
    /// however slow the wide receiver is: only then it is known that all were taken.
    /// </summary>
    internal const int MaxThrown = 512;

    // While users come one upon the other, how many are on their way before it is looked whether they have arrived.
    private const int DeliveryBatch = 16;

    private static readonly TimeSpan DeliveryCheck = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan PauseBeforeRetry = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly UnixSocketAddress _address;
    private readonly string _socketName;
    private readonly Action<string> _log;
    private readonly GreetedUsers _users;
    private readonly Play _play = new();
    private Deadline _acceptAgain = Deadline.After(TimeSpan.Zero);
    private int _toldError;

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
        _users = new GreetedUsers(log);
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
    /// <exception cref="SystemCallException">
    /// Something that trying again won't mend: EACCES on the socket, ENOTSOCK and so on. EADDRINUSE: somebody else took the same
    /// port at the same time, and listens on it.
    /// </exception>
    /// <exception cref="InvalidOperationException">It plays already.</exception>
    public Task RunAsync(Action? listening = null, CancellationToken cancellation = default) =>
        _play.Begin((wake, end) => Run(listening, wake, end), cancellation);

    /// <summary>
    /// Ends the play and waits for that (so it can't be called from the log), stops listening, and closes the connections that no
    /// wide receiver has.
    /// </summary>
    public void Dispose()
    {
        _play.Dispose();
        _listener.Dispose();
        _users.Dispose();
    }

    private void Run(Action? listening, WakeDescriptor wake, CancellationToken cancellation)
    {
        _log($"Starting Quarterback with PID ({Environment.ProcessId})");
        try
        {
            for (bool isFirst = true; ; isFirst = false)
            {
                // Somebody who accepts and hangs up is not asked again without a pause.
                Deadline soonest = Deadline.After(PauseBeforeRetry);
                using (Socket receiver = Connect(cancellation))
                {
                    if (isFirst)
                    {
                        Listen();
                        listening?.Invoke();
                    }

                    ThrowTo(receiver, wake, cancellation);
                }

                _users.TakeBack();
                cancellation.WaitHandle.WaitOne(soonest.PollMilliseconds);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    private Socket Connect(CancellationToken cancellation)
    {
        _log($"Connecting to UNIX socket ({_socketName})");
        Socket receiver = UnixSocket.Connect(
            _address, SocketType.Stream, Timeout.InfiniteTimeSpan, waitForListener: true, cancellationToken: cancellation);
        _log($"Connected to UNIX socket ({_socketName})");
        return receiver;
    }

    private void Listen()
    {
        try
        {
            _listener.Listen(int.MaxValue);
        }
        catch (SocketException exception)
        {
            // Several may bind a port (SO_REUSEADDR), but only one may listen.
            throw SystemCallException.From(exception, "listen", LocalEndPoint.ToString());
        }

        _log($"Listening on {LocalEndPoint}");
    }

    // Hands users over to one wide receiver; returns when it has gone away.
    private void ThrowTo(Socket receiver, WakeDescriptor wake, CancellationToken cancellation)
    {
        using var receiverLease = new HandleLease(receiver.SafeHandle);
        using var listener = new HandleLease(_listener.SafeHandle);
        using ReadinessSet watched = ReadinessSet.Create();
        var wire = new Wire(receiverLease.Fd);
        watched.Add(wake.Fd, Poll.POLLIN);
        watched.Add(wire.Fd, Poll.POLLIN);
        watched.Add(listener.Fd, Poll.POLLIN);
        var ready = new (int Descriptor, short Events)[3];
        _toldError = 0;
        bool isQuiet = true;
        while (true)
        {
            // Before the next one is on the wire.
            int taken = CountTaken(wire, isQuiet);
            if (!TryThrowWaiting(wire, out short missing))
            {
                return;
            }

            bool mayAccept = _acceptAgain.HasPassed;
            watched.Change(wire.Fd, (short)(Poll.POLLIN | missing));
            watched.Change(
                listener.Fd, mayAccept && _users.Waiting == 0 && _users.Thrown < MaxThrown ? Poll.POLLIN : (short)0);
            Deadline next = taken > 0 ? Deadline.After(TimeSpan.Zero)
                : _users.Thrown > 0 || _users.Waiting > 0 ? Deadline.After(DeliveryCheck)
                : mayAccept ? Deadline.Never
                : _acceptAgain;
            ReadOnlySpan<(int, short)> told = ready.AsSpan(0, watched.Wait(ready, next));
            cancellation.ThrowIfCancellationRequested();

            // The wire of one who has gone is empty as well.
            short wireIs = EventsOf(wire.Fd, told);
            if ((wireIs & (Poll.POLLHUP | Poll.POLLERR)) == 0)
            {
                _users.CloseTaken(taken);
            }

            if ((wireIs & ~Poll.POLLOUT) != 0 && HasGone(wire))
            {
                return;
            }

            isQuiet = EventsOf(listener.Fd, told) == 0;
            if (!isQuiet)
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

    // How many of those that were thrown the wide receiver has. While users come one upon the other, it is asked only now and then.
    private int CountTaken(Wire wire, bool isQuiet) =>
        _users.Thrown >= (isQuiet ? 1 : DeliveryBatch) && wire.IsEmpty ? _users.Thrown : 0;

    // Throws as many as there is room for. What is missing for the next one: POLLOUT, or 0 when it is to be tried again after a
    // while. False when the wide receiver has gone.
    private bool TryThrowWaiting(Wire wire, out short missing)
    {
        missing = 0;
        try
        {
            while (_users.Waiting > 0)
            {
                if (!wire.TryThrow(_users.Next))
                {
                    missing = Poll.POLLOUT;
                    return true;
                }

                _users.Throw();
            }
        }
        catch (SystemCallException exception)
        {
            // ECONNRESET says that it has gone and did not take all, and is said once: to read would be to find a mere end.
            if (exception.Errno == Errno.ECONNRESET || HasGone(wire))
            {
                return false;
            }

            // It is there, and those who are on their way will arrive. Too many may be (ETOOMANYREFS), or it wants none (EPERM).
            if (_toldError != exception.Errno)
            {
                _toldError = exception.Errno;
                _log(exception.Message);
            }
        }

        return true;
    }

    private bool HasGone(Wire wire)
    {
        bool hasEnded = wire.HasEnded(out bool tookAll);
        _users.CloseTaken(hasEnded && tookAll ? _users.Thrown : 0);
        return hasEnded;
    }

    private void Accept()
    {
        Span<byte> address = stackalloc byte[SocketFacts.MaxAddressLength];
        try
        {
            // Not by the Socket: its asynchronous operations set O_NONBLOCK, which on some systems accepted connections inherit,
            // and the wide receiver would share it.
            if (UnixSocket.TryAccept(_listener.SafeHandle, address, out int length) is { } connection)
            {
                Greet(connection, SocketFacts.Text(address[..Math.Min(length, address.Length)]));
            }
        }
        catch (SystemCallException exception)
        {
            // No descriptor left, or a user who was gone before we came: those behind it wait in the backlog.
            _log(exception.Message);
            _acceptAgain = Deadline.After(PauseBeforeRetry);
        }
    }

    private unsafe void Greet(SafeDescriptorHandle connection, string name)
    {
        _log($"Handling connection from ({name})");
        ReadOnlySpan<byte> greeting = Greeting.FromQuarterback;
        using (var lease = new HandleLease(connection))
        fixed (byte* bytes = greeting)
        {
            // A new connection has room for a line, so this does not wait.
            if (SysSocket.Send(lease.Fd, bytes, (nuint)greeting.Length, Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_NOSIGNAL) == greeting.Length)
            {
                _users.Add(connection, name);
                return;
            }
        }

        _log($"A user was gone before the greeting: {SystemCallException.FromLast("send").Message}");
        connection.Dispose();
    }
}
