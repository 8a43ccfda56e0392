using System.Net.Sockets;

namespace PSFdPass.Tests.Echo;

/// <summary>Players that end: by a signal, with the process that started them, or killed.</summary>
public sealed class ShutdownTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, int> RolesAndSignals
    {
        get
        {
            var rows = new TheoryData<string, int>();
            foreach (string role in (string[])["All", "Quarterback", "WideReceiver"])
            {
                rows.Add(role, Signals.Interrupt);
                rows.Add(role, Signals.Terminate);
                rows.Add(role, Signals.Quit);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(RolesAndSignals))]
    public void A_signal_shuts_a_player_down_cleanly(string role, int signal)
    {
        using Player player = Player.Sample(_folder.Path, role, "--port", "0");
        using Player? other = role switch
        {
            "Quarterback" => Player.Sample(_folder.Path, "WideReceiver"),
            "WideReceiver" => Player.Sample(_folder.Path, "Quarterback", "--port", "0"),
            _ => null,
        };
        int port = (role == "WideReceiver" ? other! : player).WaitForPort();
        using var user = new User(port);
        Assert.StartsWith("Hello from Quarterback", user.Read());
        Assert.StartsWith("Hello from Wide Receiver", user.Read());

        player.Signal(signal);
        Program.Result result = player.Finish().Succeeded();
        Assert.Empty(result.Error);
        int at = player.Lines.ToList().IndexOf($"Processing signal ({Signals.NameOf(signal)})");
        Assert.InRange(at, 1, player.Lines.Count);
        Assert.Contains("Shutting down", player.Lines.Skip(at + 1));
        if (role == "Quarterback")
        {
            // The wide receiver serves the user.
            user.Echoes("still there");
        }
        else
        {
            user.IsDisconnected();
            Assert.False(File.Exists(_folder.File("fd-pass.sock")));
        }

        if (role != "WideReceiver")
        {
            Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => new User(port)).SocketErrorCode);
        }
    }

    [Fact]
    public void A_killed_demo_leaves_no_wide_receiver_behind()
    {
        using Player demo = Player.Sample(_folder.Path, "--port", "0");
        int port = demo.WaitForPort();
        using var user = new User(port);
        user.MeetsQuarterback(demo.Id);
        string wideReceiver = new(user.Read()!.Where(char.IsDigit).ToArray());
        demo.Signal(Signals.Kill);
        user.IsDisconnected();
        Patience.Until(() => !Directory.Exists("/proc/" + wideReceiver), "the wide receiver ends");
        Assert.False(File.Exists(_folder.File("fd-pass.sock")));
    }

    [Fact]
    public void A_demo_logs_that_its_wide_receiver_was_killed_and_continues_with_the_next()
    {
        using Player demo = Player.Sample(_folder.Path, "--port", "0");
        int first = int.Parse(demo.WaitFor(@"^Starting Wide Receiver on PID \((\d+)\)$"));
        int port = demo.WaitForPort();
        System.Diagnostics.Process.GetProcessById(first).Kill();
        demo.WaitFor($@"^The Wide Receiver with PID \({first}\) ended with exit code 137");
        using var user = new User(port);
        if (UnixDiag.WhyNot is not null)
        {
            // Without it, --force does not replace the socket.
            File.Delete(_folder.File("fd-pass.sock"));
        }

        using Player next = Player.Sample(_folder.Path, "WideReceiver", "--force");
        user.MeetsQuarterback(demo.Id).MeetsWideReceiver(next.Id).Echoes("foo");
        demo.Signal(Signals.Terminate);
        demo.Finish().Succeeded();
    }

    [Fact]
    public void A_signal_before_there_is_a_wide_receiver_ends_the_quarterback()
    {
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        quarterback.WaitFor("^Connecting");
        quarterback.Signal(Signals.Interrupt);
        quarterback.Finish().Succeeded();
        Assert.Equal("Shutting down", quarterback.Lines[^1]);
    }
}
