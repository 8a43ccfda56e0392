using System.Net.Sockets;
using System.Net;
using PSFdPass.Echo;
using PSFdPass.Handles;

namespace PSFdPass.Tests.Echo;

/// <summary>No user is dropped when a wide receiver ends, and thousands of users are served without a thread for each.</summary>
public sealed class HandOverTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public void Users_in_flight_and_waiting_when_the_wide_receiver_is_killed_are_served_by_the_next()
    {
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        using Player first = Player.Sample(_folder.Path, "WideReceiver");
        int port = quarterback.WaitForPort();
        using var served = new User(port);
        served.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(first.Id);

        // The quarterback keeps its copy of the connection until the wide receiver has taken the user.
        quarterback.WaitFor("^Closing connection");

        // The first wide receiver no longer takes users, so every user is in flight or waits.
        first.Halt();
        User[] users = User.Many(200, port);
        foreach (User user in users)
        {
            user.MeetsQuarterback(quarterback.Id);
        }

        first.Signal(Signals.Kill);
        served.IsDisconnected();
        User[] late = User.Many(50, port);
        if (UnixDiag.WhyNot is not null)
        {
            // Without it, --force does not replace the socket.
            File.Delete(_folder.File("fd-pass.sock"));
        }

        using Player second = Player.Sample(_folder.Path, "WideReceiver", "--force");
        foreach (User user in users)
        {
            user.MeetsWideReceiver(second.Id).Echoes("still here");
        }

        foreach (User user in late)
        {
            user.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(second.Id).Echoes("here at last");
            user.Dispose();
        }

        Array.ForEach(users, user => user.Dispose());
        quarterback.Signal(Signals.Terminate);
        quarterback.Finish().Succeeded();
    }

    [Fact]
    public void Users_are_served_by_one_wide_receiver_after_another()
    {
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        int port = 0;
        for (int i = 0; i < 3; i++)
        {
            using Player wideReceiver = Player.Sample(_folder.Path, "WideReceiver");
            port = port == 0 ? quarterback.WaitForPort() : port;
            User[] users = User.Many(30, port);
            foreach (User user in users)
            {
                user.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(wideReceiver.Id).Echoes($"round {i}");
                user.Dispose();
            }

            wideReceiver.Signal(Signals.Terminate);
            wideReceiver.Finish().Succeeded();
        }
    }

    [Fact]
    public void One_wide_receiver_serves_many_quarterbacks_and_two_thousand_users_without_a_thread_for_each()
    {
        using Player wideReceiver = Player.Sample(_folder.Path, "WideReceiver");
        Player[] quarterbacks = [.. Enumerable.Range(0, 4).Select(_ => Player.Sample(_folder.Path, "Quarterback", "--port", "0"))];
        try
        {
            User[][] users = [.. quarterbacks.Select(quarterback => User.Many(500, quarterback.WaitForPort()))];
            foreach ((Player quarterback, User[] own) in quarterbacks.Zip(users))
            {
                foreach (User user in own)
                {
                    user.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(wideReceiver.Id);
                }
            }

            // All of them are connected at once, and each sends a line.
            foreach (User user in users.SelectMany(own => own))
            {
                user.Echoes(user.Address);
            }

            Assert.InRange(Threads(wideReceiver.Id), 1, 50);
            Assert.All(quarterbacks, quarterback => Assert.InRange(Threads(quarterback.Id), 1, 50));
            Array.ForEach([.. users.SelectMany(own => own)], user => user.Dispose());
        }
        finally
        {
            Array.ForEach(quarterbacks, quarterback => quarterback.Dispose());
        }

        wideReceiver.Signal(Signals.Terminate);
        Program.Result result = wideReceiver.Finish().Succeeded();
        Assert.Equal(2000, wideReceiver.Lines.Count(line => line.StartsWith("Closing connection from", StringComparison.Ordinal)));
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task A_user_who_does_not_read_does_not_delay_others()
    {
        using Player wideReceiver = Player.Sample(_folder.Path, "WideReceiver");
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        int port = quarterback.WaitForPort();
        using var stuffed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        await stuffed.ConnectAsync(IPAddress.Loopback, port);
        byte[] much = new byte[65536];
        using var full = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (true)
            {
                await stuffed.SendAsync(much, full.Token);
            }
        });
        using var user = new User(port);
        user.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(wideReceiver.Id).Echoes("foo");
    }

    [Fact]
    public async Task A_play_leaves_no_descriptor_open()
    {
        string path = _folder.File("fd-pass.sock");
        await OpenDescriptors.AreUnchangedByAsync(async () =>
        {
            using EchoDemo wideReceiver = EchoDemo.Start(
                new EchoDemoOptions { Role = EchoRole.WideReceiver, SocketPath = path }, static _ => { });
            using EchoDemo quarterback = EchoDemo.Start(
                new EchoDemoOptions { Role = EchoRole.Quarterback, SocketPath = path, Listen = new IPEndPoint(IPAddress.Loopback, 0) },
                static _ => { });
            var shown = new List<string>();
            await foreach (string line in quarterback.SayAsync(["foo"]))
            {
                shown.Add(line);
            }

            Assert.Equal("foo", shown[^1]);
            quarterback.Stop();
            wideReceiver.Stop();
        });
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task A_wide_receiver_stops_while_users_are_still_connected()
    {
        string path = _folder.File("fd-pass.sock");
        using var stop = new CancellationTokenSource();
        using var receiver = new WideReceiver(path, static _ => { });
        Task playing = receiver.RunAsync(cancellation: stop.Token);
        (TcpClient client, Socket server) = Some.TcpConnection();
        using Socket wire = UnixSocket.Connect(UnixSocketAddress.FromPath(path), SocketType.Stream, Patience.Long);
        wire.SendDescriptors(server.SafeHandle);
        Closing.Release(server.SafeHandle);
        using var reader = new StreamReader(client.GetStream());
        Assert.StartsWith("Hello from Wide Receiver", await reader.ReadLineAsync());
        await stop.CancelAsync();
        await playing.WaitAsync(Patience.Long);
        Assert.Null(await reader.ReadLineAsync());
        client.Dispose();
    }

    private static int Threads(int process) => Directory.GetDirectories($"/proc/{process}/task").Length;
}
