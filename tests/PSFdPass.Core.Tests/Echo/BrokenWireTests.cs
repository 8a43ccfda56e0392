using System.Net;
using System.Net.Sockets;

namespace PSFdPass.Tests.Echo;

/// <summary>
/// A wire that is closed, by wide receivers that end and by others that keep running. A connection has one server at a time, and every
/// user who can be kept is kept.
/// </summary>
public sealed class BrokenWireTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly List<FileDescriptor> _taken = [];

    private string SocketPath => _folder.File("fd-pass.sock");

    public void Dispose()
    {
        _taken.ForEach(connection => connection.Dispose());
        _folder.Dispose();
    }

    [LinuxFact]
    public void A_reset_connection_ends_at_most_one_wide_receiver()
    {
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        using Player first = Player.Foreign("Python", "wide_receiver", _folder.Path, "fd-pass.sock");
        int port = quarterback.WaitForPort();
        first.Halt();
        using (var gone = new User(port))
        {
            gone.MeetsQuarterback(quarterback.Id).Resets();
        }

        User[] users = User.Many(5, port);
        Array.ForEach(users, user => user.MeetsQuarterback(quarterback.Id));
        first.Signal(Signals.Continue);
        Player? next = null;
        Task<string?>[] greetings = [.. users.Select(user => Task.Run(user.Read))];
        try
        {
            // The reset can end the first one. A second one must be enough.
            Patience.Until(() => first.HasExited || Array.TrueForAll(greetings, greeting => greeting.IsCompleted), "it ends, or serves every user");
            if (first.HasExited)
            {
                next = Player.Foreign("Python", "wide_receiver", _folder.Path, "fd-pass.sock");
            }

            Assert.True(Task.WaitAll(greetings, Patience.Long), "A user is not served.");
            Assert.All(greetings, greeting => Assert.Equal($"Hello from Wide Receiver on PID ({(next ?? first).Id})!", greeting.Result));
            Array.ForEach(users, user => user.Echoes("here").Dispose());
        }
        finally
        {
            next?.Dispose();
        }
    }

    [LinuxFact]
    public void A_user_whose_wide_receivers_repeatedly_end_is_thrown_last_and_then_disconnected()
    {
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        string script = _folder.Write("receiver.py", Receiver);
        _folder.Write("deadly", "");
        Player receiver = Player.Python(script, _folder.Path, "fd-pass.sock");
        try
        {
            int port = quarterback.WaitForPort();
            receiver.Halt();
            using var deadly = new User(port);
            deadly.MeetsQuarterback(quarterback.Id);
            _folder.Write("deadly", deadly.Address.Split(':')[1]);
            User[] users = User.Many(5, port);
            Array.ForEach(users, user => user.MeetsQuarterback(quarterback.Id));
            receiver.Signal(Signals.Continue);
            Task<string?> end = Task.Run(deadly.Read);
            int deaths = 0;
            for (; !end.IsCompleted && deaths < 10; deaths++)
            {
                Patience.Until(() => receiver.HasExited || end.IsCompleted, "it ends, or the user is dropped");
                receiver.Dispose();
                receiver = Player.Python(script, _folder.Path, "fd-pass.sock");
            }

            Assert.Null(end.Result);
            Assert.InRange(deaths, 1, 5);
            quarterback.WaitFor($@"^Closing connection from \({System.Text.RegularExpressions.Regex.Escape(deadly.Address)}\), because Wide Receivers repeatedly ended");

            // Users whose wide receiver ended later lost their connection with it. Each of them was served before.
            foreach (User user in users)
            {
                Assert.StartsWith("Hello from Wide Receiver", user.Read());
                user.Dispose();
            }
        }
        finally
        {
            receiver.Dispose();
        }
    }

    [LinuxTheory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_wide_receiver_that_takes_a_few_users_per_connection_gets_each_user_once(int each)
    {
        const int Many = 20;
        using Socket receivers = Listen();
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        Socket wire = Accept(receivers);
        int port = quarterback.WaitForPort();
        using (var gone = new User(port))
        {
            gone.MeetsQuarterback(quarterback.Id).Resets();
        }

        User[] users = User.Many(Many, port);
        Array.ForEach(users, user => user.MeetsQuarterback(quarterback.Id));
        while (_taken.Count(connection => SocketInfo.RemoteEndPointOf(connection.SafeHandle) is not null) < Many)
        {
            for (int i = 0; i < each && Take(wire, each > 1 ? 200 : -1); i++)
            {
            }

            wire.Dispose();
            wire = Accept(receivers);
        }

        wire.Dispose();
        AssertEachOnce(users);
    }

    [LinuxTheory]
    [InlineData(50, false)]
    [InlineData(50, true)]
    [InlineData(100, false)]
    public void A_wide_receiver_that_closes_wire_and_listener_but_keeps_running_keeps_its_users(int taken, bool servesAndCloses)
    {
        const int Many = 100;
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        User[] users;
        using (Socket receivers = Listen())
        using (Socket wire = Accept(receivers))
        {
            users = User.Many(Many, quarterback.WaitForPort());
            Patience.Until(() => wire.Available == Many, "everybody is on the wire");
            for (int i = 0; i < taken; i++)
            {
                Assert.True(Take(wire));
            }

            if (servesAndCloses)
            {
                // No process has these connections open now, but they were served.
                foreach (FileDescriptor connection in _taken)
                {
                    Assert.True(FileDescriptor.TryWrite(connection.SafeHandle, "bye\n"u8, out _));
                    connection.Dispose();
                }
            }
        }

        int before = _taken.Count;
        using Socket next = Listen();
        using Socket second = Accept(next);
        while (_taken.Count < Many)
        {
            Assert.True(Take(second));
        }

        Assert.Equal(taken, before);
        using var last = new User(quarterback.WaitForPort());
        Assert.True(Take(second));
        Assert.Equal(last.Address, NameOf(_taken[^1]));
        if (servesAndCloses)
        {
            Assert.Equal(users[before..].Select(user => user.Address).Order(), _taken[before..^1].Select(NameOf).Order());
            Assert.All(users[..before], user => Assert.Equal("bye", user.MeetsQuarterback(quarterback.Id).Read()));
        }
        else
        {
            AssertEachOnce([.. users, last]);
        }
    }

    [LinuxFact]
    public void A_wide_receiver_that_only_stops_sending_goes_on_receiving()
    {
        using Socket receivers = Listen();
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        using Socket wire = Accept(receivers);
        int port = quarterback.WaitForPort();
        wire.Shutdown(SocketShutdown.Send);
        User[] users = User.Many(3, port);
        Assert.All(users, _ => Assert.True(Take(wire)));
        AssertEachOnce(users);
        Assert.False(receivers.Poll(0, SelectMode.SelectRead), "It has connected again.");
    }

    [LinuxFact]
    public void Users_are_kept_while_the_path_is_not_a_socket_and_the_error_is_logged_once()
    {
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        User[] users;
        using (Socket receivers = Listen())
        using (Socket wire = Accept(receivers))
        {
            users = User.Many(20, quarterback.WaitForPort());
            Patience.Until(() => wire.Available == users.Length, "everybody is on the wire");
            receivers.Dispose();
            File.Delete(SocketPath);
            File.WriteAllText(SocketPath, "not a socket");
        }

        quarterback.WaitFor("ENOTSOCK");
        Thread.Sleep(1500);
        File.Delete(SocketPath);
        using Socket next = Listen();
        using Socket second = Accept(next);
        Assert.All(users, _ => Assert.True(Take(second)));
        AssertEachOnce(users);
        quarterback.Signal(Signals.Terminate);
        quarterback.Finish().Succeeded();
        Assert.Single(quarterback.Lines, line => line.Contains("ENOTSOCK"));
    }

    [RootFact]
    public void A_wide_receiver_of_another_user_is_refused_by_default()
    {
        // Another user has already created a socket at the path.
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0x1FF); // 0777
        string program = Player.Compile("wide_receiver", _folder.Path);
        File.SetUnixFileMode(program, (UnixFileMode)0x1ED); // 0755
        using Program squatter = Program.Start("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, SocketPath);
        Patience.Until(() => File.Exists(SocketPath), "it listens");
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        quarterback.WaitFor(@"^Refusing the Wide Receiver on \(fd-pass\.sock\), which belongs to pid \d+ uid 65534");
        Assert.DoesNotContain(quarterback.Lines, line => line.StartsWith("Listening", StringComparison.Ordinal));
        using Player willing = Player.Sample(_folder.Path, "Quarterback", "--port", "0", "--allow-any-user");
        using var user = new User(willing.WaitForPort());
        user.MeetsQuarterback(willing.Id);
        Assert.StartsWith("Hello from Wide Receiver", user.Read());
    }

    private static string NameOf(FileDescriptor connection) => SocketInfo.RemoteEndPointOf(connection.SafeHandle)?.ToString() ?? "";

    private void AssertEachOnce(User[] users)
    {
        Assert.Equal(users.Select(user => user.Address).Order(), _taken.Select(NameOf).Where(name => name.Length > 0).Order());
        Array.ForEach(users, user => user.Dispose());
    }

    private Socket Listen() => UnixSocketListener.Create(UnixSocketAddress.FromPath(SocketPath), replaceStale: true);

    private static Socket Accept(Socket receivers)
    {
        Assert.True(receivers.Poll(Patience.Long, SelectMode.SelectRead), "Nobody connects.");
        return receivers.Accept();
    }

    private bool Take(Socket wire, int milliseconds = -1)
    {
        if (!wire.Poll(milliseconds < 0 ? Patience.Long : TimeSpan.FromMilliseconds(milliseconds), SelectMode.SelectRead))
        {
            return false;
        }

        using ReceivedMessage message = Some.Receive(wire);
        _taken.Add(Assert.Single(message.Descriptors).Duplicate());
        return true;
    }

    // Greets and echoes, with one thread per user. Ends before it takes the user whose port is in the file "deadly".
    internal const string Receiver =
        """
        import os, socket, sys, threading

        def serve(user):
            while data := user.recv(4096):
                user.sendall(data)

        def receive(wire, flags):
            data, control, _, _ = wire.recvmsg(1, socket.CMSG_LEN(4), flags)
            return socket.socket(fileno=int.from_bytes(control[0][2], sys.byteorder)) if data else None

        if os.path.exists(sys.argv[1]):
            os.unlink(sys.argv[1])
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(sys.argv[1])
        listener.listen()
        while True:
            wire, _ = listener.accept()
            while peeked := receive(wire, socket.MSG_PEEK):
                if str(peeked.getpeername()[1]) == open("deadly").read().strip():
                    os._exit(1)
                peeked.close()
                # A user who was received is greeted, even if the next one ends this process.
                user = receive(wire, 0)
                user.sendall(b"Hello from Wide Receiver on PID (%d)!\n" % os.getpid())
                threading.Thread(target=serve, args=(user,), daemon=True).start()
        """;
}
