using System.Net;
using System.Net.Sockets;

namespace PSFdPass.Tests.Echo;

/// <summary>samples/EchoDemo as a user runs it: its output, and its errors for bad input.</summary>
public sealed class SampleTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_plays_all_three_roles_in_two_processes()
    {
        using Player demo = Player.Sample(_folder.Path, "--port", "0", "--say", "foo", "--say", "grüß dich");
        demo.Finish().Succeeded();

        string wideReceiver = Assert.Single(demo.Lines, line => line.StartsWith("Starting Wide Receiver", StringComparison.Ordinal));
        string other = new(wideReceiver.Where(char.IsDigit).ToArray());
        Assert.NotEqual($"{demo.Id}", other);
        Assert.Equal(
            [$"Hello from Quarterback on PID ({demo.Id})!", $"Hello from Wide Receiver on PID ({other})!", "foo", "grüß dich"],
            demo.Lines.Where(line => line.StartsWith("Hello", StringComparison.Ordinal) || line is "foo" or "grüß dich"));
        Assert.False(File.Exists(_folder.File("fd-pass.sock")));
        Assert.False(Directory.Exists("/proc/" + other));
    }

    [Fact]
    public void The_output_of_its_players_is_complete_and_in_order()
    {
        using Player wideReceiver = Player.Sample(_folder.Path, "WideReceiver");
        wideReceiver.WaitFor("^Listening");
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        int port = quarterback.WaitForPort();
        using var user = new User(port);
        user.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(wideReceiver.Id).Echoes("foo").Echoes("bar");
        string address = user.Address;
        quarterback.WaitFor("^Closing");
        user.Dispose();
        wideReceiver.WaitFor("^Closing");
        quarterback.Signal(Signals.Terminate);
        quarterback.Finish().Succeeded();
        wideReceiver.WaitFor("^Connection");
        wideReceiver.Signal(Signals.Terminate);
        wideReceiver.Finish().Succeeded();

        Assert.Equal(
            [
                $"Starting Quarterback with PID ({quarterback.Id})",
                "Connecting to UNIX socket (fd-pass.sock)",
                "Connected to UNIX socket (fd-pass.sock)",
                $"Listening on 127.0.0.1:{port}",
                $"Handling connection from ({address})",
                $"Closing connection from ({address})",
                "Processing signal (SIGTERM)",
                "Shutting down",
            ],
            quarterback.Lines);
        Assert.Equal(
            [
                $"Starting Wide Receiver on PID ({wideReceiver.Id})",
                "Listening for messages on (fd-pass.sock)",
                "Handling connection from (fd-pass.sock)",
                $"Handling connection from ({address})",
                $"Closing connection from ({address})",
                "Connection on (fd-pass.sock) closed",
                "Processing signal (SIGTERM)",
                "Shutting down",
            ],
            wideReceiver.Lines);
    }

    [ProgramFact("systemd-socket-activate")]
    public void A_quarterback_uses_the_listener_that_a_service_manager_passes()
    {
        using Player wideReceiver = Player.Sample(_folder.Path, "WideReceiver");
        wideReceiver.WaitFor("^Listening");
        int port;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        // The first socket that was passed is not a TCP listener, and --port is not used.
        using Player quarterback = Player.SampleInScript(
            // systemd-socket-activate aborts when it inherits descriptors other than 0, 1 and 2.
            $"exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; exec systemd-socket-activate -l '{_folder.File("other.sock")}' -l 127.0.0.1:{port} \"$@\" 2>&1",
            _folder.Path, "Quarterback", "--port", "1");
        quarterback.WaitFor($"Listening on 127.0.0.1:{port} as 4");
        using var user = new User(port);
        user.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(wideReceiver.Id).Echoes("foo");
        Assert.Equal(port, quarterback.WaitForPort());
        quarterback.Signal(Signals.Terminate);
        quarterback.Finish().Succeeded();
    }

    [Fact]
    public void Either_player_may_start_first()
    {
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        quarterback.WaitFor("^Connecting");
        using Player wideReceiver = Player.Sample(_folder.Path, "WideReceiver");
        using var user = new User(quarterback.WaitForPort());
        user.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(wideReceiver.Id).Echoes("foo");
    }

    [Theory]
    [InlineData("--port", "65536", "65536 is not a port")]
    [InlineData("--port", "", "is not a port")]
    [InlineData("--listen", "nonsense", "nonsense is not an IP address")]
    [InlineData("--say", null, "--say needs a value")]
    [InlineData("Referee", null, "Referee is neither a role nor an option")]
    public void A_wrong_argument_is_named(string word, string? value, string message)
    {
        using Player demo = Player.Sample(_folder.Path, value is null ? [word] : [word, value]);
        Program.Result result = demo.Finish();
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(message, result.Error);
        Assert.Contains("Usage: EchoDemo", result.Error);
    }

    [Fact]
    public void The_say_option_is_an_error_for_a_wide_receiver()
    {
        using Player demo = Player.Sample(_folder.Path, "WideReceiver", "--say", "foo");
        Program.Result result = demo.Finish();
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("use --say with All or Quarterback", result.Error);
    }

    [Fact]
    public void It_shows_its_usage()
    {
        using Player demo = Player.Sample(_folder.Path, "--help");
        Assert.StartsWith("Usage: EchoDemo", demo.Finish().Succeeded().Output);
    }

    [Theory]
    [InlineData("All")]
    [InlineData("Quarterback")]
    public void A_port_in_use_is_a_one_line_error(string role)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using Player demo = Player.Sample(_folder.Path, role, "--port", $"{((IPEndPoint)listener.LocalEndPoint!).Port}");
        Program.Result result = demo.Finish();
        Assert.Equal(1, result.ExitCode);
        Assert.Matches(@"^bind \(127\.0\.0\.1:\d+\): Address already in use \(EADDRINUSE\)\. Another program is listening on that address\. Choose another port, or 0 for a free one\.\n$", result.Error);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("All", "The file is not a socket")]
    [InlineData("WideReceiver", "The file is not a socket")]
    [InlineData("Quarterback", "The file is not a socket")]
    public void A_socket_path_that_is_a_file_is_a_one_line_error_and_the_file_stays(string role, string message)
    {
        _folder.Write("file", "not a socket");
        using Player demo = Player.Sample(_folder.Path, role, "--port", "0", "--socket", "file", "--force");
        Program.Result result = demo.Finish();
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(message, Assert.Single(result.Error.TrimEnd().Split('\n')));
        Assert.Equal("not a socket", File.ReadAllText(_folder.File("file")));
    }

    [Theory]
    [InlineData("All")]
    [InlineData("WideReceiver")]
    [InlineData("Quarterback")]
    public void The_error_for_a_socket_path_that_is_too_long_contains_the_limit(string role)
    {
        using Player demo = Player.Sample(_folder.Path, role, "--port", "0", "--socket", new string('x', 108));
        Program.Result result = demo.Finish();
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("ENAMETOOLONG", Assert.Single(result.Error.TrimEnd().Split('\n')));
        Assert.Contains("at most 107 bytes", result.Error);
    }

    [UnixDiagFact]
    public void A_stale_socket_is_replaced_only_with_force_and_a_used_one_never()
    {
        using (Player killed = Player.Sample(_folder.Path, "WideReceiver"))
        {
            killed.WaitFor("^Listening");
            killed.Signal(Signals.Kill);
            Assert.Equal(137, killed.Finish().ExitCode);
        }

        using (Player withoutForce = Player.Sample(_folder.Path, "WideReceiver"))
        {
            Program.Result result = withoutForce.Finish();
            Assert.Equal(1, result.ExitCode);
            Assert.Contains("EADDRINUSE", result.Error);
            Assert.DoesNotContain("-Force", result.Error);
        }

        // A listener with the same name in another folder does not matter.
        using var elsewhere = new TemporaryDirectory();
        using Player namesake = Player.Sample(elsewhere.Path, "WideReceiver");
        namesake.WaitFor("^Listening");
        using (Player withoutForce = Player.Sample(_folder.Path, "WideReceiver"))
        {
            Assert.Contains("EADDRINUSE", withoutForce.Finish().Error);
        }

        using Player forced = Player.Sample(_folder.Path, "WideReceiver", "--force");
        forced.WaitFor("^Listening");
        using Player second = Player.Sample(_folder.Path, "WideReceiver", "--force");
        Assert.Contains("a process listens on it", second.Finish().Error);
        forced.Signal(Signals.Terminate);
        forced.Finish().Succeeded();
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }
}
