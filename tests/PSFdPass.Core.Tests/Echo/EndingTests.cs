using System.Net;
using System.Net.Sockets;

namespace PSFdPass.Tests.Echo;

/// <summary>Players that a signal ends even if their descriptor table is full, their log is blocked, or the signal was ignored.</summary>
public sealed class EndingTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    private string SocketPath => _folder.File("fd-pass.sock");

    public void Dispose() => _folder.Dispose();

    [LinuxTheory]
    [InlineData(Signals.Terminate)]
    [InlineData(Signals.Interrupt)]
    [InlineData(Signals.Quit)]
    public void A_wide_receiver_with_a_full_table_shuts_down_cleanly(int signal)
    {
        using Player receiver = Player.SampleWithLimit(160, _folder.Path, "WideReceiver");
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        User[] users = User.Many(200, quarterback.WaitForPort());
        receiver.WaitFor("reached its limit of open descriptors");
        receiver.Signal(signal);
        Program.Result result = receiver.Finish().Succeeded();
        Assert.Empty(result.Error);
        Assert.False(File.Exists(SocketPath));
        Array.ForEach(users, user => user.Dispose());
    }

    [LinuxTheory]
    [InlineData(Signals.Terminate)]
    [InlineData(Signals.Interrupt)]
    [InlineData(Signals.Quit)]
    public void A_quarterback_with_a_full_table_shuts_down_cleanly(int signal)
    {
        // The wide receiver, which this test plays, takes no users.
        using Socket receivers = UnixSocketListener.Create(UnixSocketAddress.FromPath(SocketPath));
        using Player quarterback = Player.SampleWithLimit(160, _folder.Path, "Quarterback", "--port", "0");
        using Socket wire = receivers.Accept();
        User[] users = User.Many(200, quarterback.WaitForPort());
        quarterback.WaitFor("reached its limit of open descriptors");
        quarterback.Signal(signal);
        Program.Result result = quarterback.Finish().Succeeded();
        Assert.Empty(result.Error);
        Array.ForEach(users, user => user.Dispose());
    }

    [StraceTheory]
    [InlineData("WideReceiver")]
    [InlineData("Quarterback")]
    public void The_runtime_always_has_free_descriptors_in_a_player_with_a_full_table(string role)
    {
        using Player player = Player.SampleWithLimit(160, _folder.Path, role, "--port", "0");
        using Player? other = role == "WideReceiver" ? Player.Sample(_folder.Path, "Quarterback", "--port", "0") : null;
        using Socket? receivers = other is null ? UnixSocketListener.Create(UnixSocketAddress.FromPath(SocketPath)) : null;
        using Socket? wire = receivers?.Accept();
        User[] users = User.Many(200, (other ?? player).WaitForPort());
        player.WaitFor("reached its limit of open descriptors");
        string log = _folder.File("log");
        using Program strace = Program.Start("strace", "-f", "-q", "-Z", "-o", log, "-p", $"{player.Id}");
        Patience.Until(() => player.IsTraced, "strace attaches");

        // Its timers keep running, threads end and start, and a signal starts more of them.
        Thread.Sleep(1000);
        player.Signal(Signals.Terminate);
        Assert.Empty(player.Finish().Succeeded().Error);
        strace.Finish();

        // A failed duplication may show the player that the table is full. No other call may fail.
        Assert.NotEmpty(File.ReadLines(log));
        Assert.All(
            File.ReadLines(log).Where(line => line.Contains("EMFILE", StringComparison.Ordinal)),
            line => Assert.Contains("F_DUPFD_CLOEXEC", line));
        Array.ForEach(users, user => user.Dispose());
    }

    [LinuxFact]
    public void A_quarterback_with_a_full_table_continues_when_users_are_taken()
    {
        using Socket receivers = UnixSocketListener.Create(UnixSocketAddress.FromPath(SocketPath));
        using Player quarterback = Player.SampleWithLimit(160, _folder.Path, "Quarterback", "--port", "0");
        using Socket wire = receivers.Accept();
        User[] users = User.Many(200, quarterback.WaitForPort());
        quarterback.WaitFor("reached its limit of open descriptors");
        var taken = new HashSet<string>();
        foreach (User _ in users)
        {
            using ReceivedMessage message = Some.Receive(wire);
            Assert.True(taken.Add(SocketInfo.RemoteEndPointOf(Assert.Single(message.Descriptors).SafeHandle)!.ToString()!));
        }

        Assert.Equal(users.Select(user => user.Address).Order(), taken.Order());
        Array.ForEach(users, user => user.Dispose());
    }

    [LinuxTheory]
    [InlineData("exec \"$@\" > /dev/full")]
    [InlineData("exec \"$@\" > stuck")]
    [InlineData("exec \"$@\" >&-")]
    public void A_player_serves_and_stops_when_its_log_cannot_be_written(string script)
    {
        Assert.Equal(0, Libc.MkFifo(_folder.File("stuck"), 0x180)); // 0600
        using FileDescriptor stuck = FileDescriptor.Open(_folder.File("stuck"), FileAccess.ReadWrite);
        while (FileDescriptor.TryWrite(stuck.SafeHandle, new byte[4096], out _))
        {
        }

        using Player receiver = Player.SampleInScript(script, _folder.Path, "WideReceiver");
        using Socket wire = UnixSocket.Connect(
            UnixSocketAddress.FromPath(SocketPath), SocketType.Stream, Patience.Long, waitForListener: true);
        (TcpClient client, Socket server) = Some.TcpConnection();
        using (client)
        using (server)
        using (var reader = new StreamReader(client.GetStream()))
        {
            wire.SendDescriptors(server.SafeHandle);
            Assert.StartsWith("Hello from Wide Receiver", reader.ReadLine());
            client.Client.Send("foo\n"u8);
            Assert.Equal("foo", reader.ReadLine());
        }

        receiver.Signal(Signals.Terminate);
        receiver.Finish().Succeeded();
        Assert.False(File.Exists(SocketPath));
    }

    [LinuxTheory]
    [InlineData("WideReceiver", Signals.Interrupt)]
    [InlineData("WideReceiver", Signals.Quit)]
    [InlineData("All", Signals.Interrupt)]
    public void A_signal_ends_a_player_that_a_script_started_with_the_signal_ignored(string role, int signal)
    {
        using Player player = Player.SampleInScript("trap '' INT QUIT; exec \"$@\"", _folder.Path, role, "--port", "0");
        player.WaitFor("^Listening for messages");
        player.Signal(signal);
        player.Finish().Succeeded();
        Assert.Contains($"Processing signal ({Signals.NameOf(signal)})", player.Lines);
        Assert.False(File.Exists(SocketPath));
    }

    // Without unix_diag, a stale socket cannot be recognized, and stays.
    [UnixDiagFact]
    public void A_demo_removes_the_socket_of_a_wide_receiver_that_was_killed_but_not_that_of_its_successor()
    {
        using (Player demo = Player.Sample(_folder.Path, "--port", "0"))
        {
            Kill(demo);
            demo.Signal(Signals.Terminate);
            demo.Finish().Succeeded();
            Assert.False(File.Exists(SocketPath));
        }

        using Player second = Player.Sample(_folder.Path, "--port", "0");
        Kill(second);
        using Player successor = Player.Sample(_folder.Path, "WideReceiver", "--force");
        successor.WaitFor("^Listening");
        second.Signal(Signals.Terminate);
        second.Finish().Succeeded();
        Assert.True(File.Exists(SocketPath));

        static void Kill(Player demo)
        {
            int child = int.Parse(demo.WaitFor(@"^Starting Wide Receiver on PID \((\d+)\)$"));
            demo.WaitForPort();
            System.Diagnostics.Process.GetProcessById(child).Kill();
            demo.WaitFor("^The Wide Receiver with PID");
        }
    }

    [Fact]
    public void A_demo_with_a_user_uses_a_free_port_by_default()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            other.Bind(new IPEndPoint(IPAddress.Loopback, 8000));
            other.Listen();
        }
        catch (SocketException)
        {
            // Another process already listens there.
        }

        using Player demo = Player.Sample(_folder.Path, "--say", "foo");
        demo.Finish().Succeeded();
        Assert.Contains("foo", demo.Lines);
    }
}
