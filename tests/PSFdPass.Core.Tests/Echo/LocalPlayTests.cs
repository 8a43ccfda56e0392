using System.Diagnostics;
using System.Net;
using PSFdPass.Echo;

namespace PSFdPass.Tests.Echo;

/// <summary>A quarterback, or a whole demo, in this process, with wide receivers in other processes that are killed.</summary>
public sealed class LocalPlayTests : IDisposable
{
    private const int Many = 10;
    private readonly TemporaryDirectory _folder = new();
    private readonly PlayLog _log = new();

    private string SocketPath => _folder.File("fd-pass.sock");

    public void Dispose() => _folder.Dispose();

    [UnixDiagFact]
    public void Users_on_the_wire_of_a_killed_wide_receiver_are_passed_to_the_next_one()
    {
        using var quarterback = new Quarterback(new IPEndPoint(IPAddress.Loopback, 0), SocketPath, _log.Add);
        using var listening = new ManualResetEventSlim();
        Task play = quarterback.RunAsync(listening.Set);
        User[] users;
        using (Player first = Player.Sample(_folder.Path, "WideReceiver"))
        {
            Assert.True(listening.Wait(Patience.Long));
            using var served = new User(quarterback.LocalEndPoint.Port);
            served.MeetsQuarterback(Environment.ProcessId).MeetsWideReceiver(first.Id);
            first.Halt();
            users = User.Many(Many, quarterback.LocalEndPoint.Port);
            Array.ForEach(users, user => user.MeetsQuarterback(Environment.ProcessId));
            users[0].Resets();
        }

        using Player next = Player.Sample(_folder.Path, "WideReceiver", "--force");
        foreach (User user in users.Skip(1))
        {
            user.MeetsWideReceiver(next.Id).Echoes("here").Dispose();
        }

        quarterback.Dispose();
        Assert.True(play.Wait(Patience.Long));
    }

    [LinuxFact]
    public void A_user_whose_wide_receivers_repeatedly_end_is_disconnected_and_the_others_are_served()
    {
        using var quarterback = new Quarterback(new IPEndPoint(IPAddress.Loopback, 0), SocketPath, _log.Add);
        using var listening = new ManualResetEventSlim();
        Task play = quarterback.RunAsync(listening.Set);
        string script = _folder.Write("receiver.py", BrokenWireTests.Receiver);
        _folder.Write("deadly", "");
        Player receiver = Player.Python(script, _folder.Path, "fd-pass.sock");
        try
        {
            Assert.True(listening.Wait(Patience.Long));
            receiver.Halt();
            using var deadly = new User(quarterback.LocalEndPoint.Port);
            deadly.MeetsQuarterback(Environment.ProcessId);
            _folder.Write("deadly", deadly.Address.Split(':')[1]);
            User[] users = User.Many(Many, quarterback.LocalEndPoint.Port);
            Array.ForEach(users, user => user.MeetsQuarterback(Environment.ProcessId));
            receiver.Signal(Signals.Continue);
            Task<string?> end = Task.Run(deadly.Read);
            for (int deaths = 0; !end.IsCompleted && deaths < 10; deaths++)
            {
                Patience.Until(() => receiver.HasExited || end.IsCompleted, "it ends, or the user is dropped");
                receiver.Dispose();
                receiver = Player.Python(script, _folder.Path, "fd-pass.sock");
            }

            Assert.Null(end.Result);
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

        quarterback.Dispose();
        Assert.True(play.Wait(Patience.Long));
    }

    [UnixDiagFact]
    public async Task A_demo_with_a_wide_receiver_in_another_process_continues_when_that_process_is_killed()
    {
        string[] command = Player.SampleCommand("WideReceiver", "--socket", SocketPath, "--stop-with-input");
        var options = new EchoDemoOptions
        {
            Role = EchoRole.All,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            SocketPath = SocketPath,
            WideReceiverProcess = new ProcessStartInfo(command[0], command[1..]),
        };
        using EchoDemo demo = EchoDemo.Start(options, _log.Add);
        List<string> shown = [];
        await foreach (string line in demo.SayAsync(["foo", "bar"]))
        {
            shown.Add(line);
        }

        Assert.Equal(
            [
                $"Hello from Quarterback on PID ({Environment.ProcessId})!", $"Hello from Wide Receiver on PID ({demo.WideReceiverId})!",
                "foo", "bar",
            ],
            shown);
        Assert.Equal(0, Libc.Kill(demo.WideReceiverId!.Value, Signals.Kill));
        Patience.Until(() => _log.Lines.Any(line => line.Contains("ended with exit code 137", StringComparison.Ordinal)), "its end is logged");
        demo.Stop();
        Assert.True(demo.Completion.IsCompletedSuccessfully);
        Assert.False(File.Exists(SocketPath));
    }
}
