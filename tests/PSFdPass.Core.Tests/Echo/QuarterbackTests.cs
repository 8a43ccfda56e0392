using System.Net.Sockets;
using System.Net;
using PSFdPass.Echo;
using PSFdPass.Interop;

namespace PSFdPass.Tests.Echo;

/// <summary>A quarterback whose wide receiver is played by the test.</summary>
public sealed class QuarterbackTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly PlayLog _log = new();
    private readonly Socket _receivers;
    private readonly Quarterback _quarterback;

    public QuarterbackTests()
    {
        string path = _folder.File("fd-pass.sock");
        _receivers = UnixSocketListener.Create(UnixSocketAddress.FromPath(path));
        _quarterback = new Quarterback(new IPEndPoint(IPAddress.Loopback, 0), path, _log.Add);
    }

    private int Port => _quarterback.LocalEndPoint.Port;

    public void Dispose()
    {
        _quarterback.Dispose();
        _receivers.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Accepts_on_a_listener_that_is_passed_to_it_and_closes_only_its_own_copy()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(7);
        FileDescriptor copy = FileDescriptor.Duplicate((int)listener.SafeHandle.DangerousGetHandle());
        Assert.True(ActivatedListener.IsListener(copy));
        Socket given = copy.OpenSocket();
        var options = new EchoDemoOptions
        {
            Role = EchoRole.Quarterback,
            Listen = new IPEndPoint(IPAddress.Loopback, 1),
            SocketPath = _folder.File("fd-pass.sock"),
            Listener = given,
        };
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        using (EchoDemo demo = EchoDemo.Start(options, _log.Add))
        {
            Assert.Equal(port, demo.Port);
            using Socket wire = _receivers.Accept();
            await demo.Listening.WaitAsync(Patience.Long);
            using var user = new User(port);
            user.MeetsQuarterback(Environment.ProcessId);
        }

        Assert.True(given.SafeHandle.IsClosed);
        using var next = new TcpClient("127.0.0.1", port);
        Assert.True(listener.Poll(Patience.Long, SelectMode.SelectRead));
    }

    [Fact]
    public void A_descriptor_that_is_not_a_listening_TCP_socket_is_not_the_listener_for_users()
    {
        using FileDescriptor file = FileDescriptor.Open("/dev/null");
        Assert.False(ActivatedListener.IsListener(file));
        using FileDescriptor unix = FileDescriptor.Duplicate((int)_receivers.SafeHandle.DangerousGetHandle());
        Assert.False(ActivatedListener.IsListener(unix));
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using FileDescriptor copy = FileDescriptor.Duplicate((int)bound.SafeHandle.DangerousGetHandle());
        Assert.False(ActivatedListener.IsListener(copy));
    }

    [Fact]
    public void Pauses_before_it_reconnects_to_a_wide_receiver_that_hangs_up_at_once()
    {
        _quarterback.RunAsync();
        var hangingUp = new Thread(() =>
        {
            try
            {
                while (true)
                {
                    // Not Socket.Accept, which closes descriptor 0 when its listener is disposed: see ClosingFacts.
                    UnixSocket.Accept(_receivers, Timeout.InfiniteTimeSpan).Dispose();
                }
            }
            catch (ObjectDisposedException)
            {
                // The test is over.
            }
        });
        hangingUp.Start();
        _log.WaitFor("Connected", 3);
        Thread.Sleep(200);
        int connected = _log.Count("Connected");
        _quarterback.Dispose();
        _receivers.Dispose();
        hangingUp.Join();
        Assert.InRange(connected, 3, 100);
    }

    [LinuxFact]
    public void Limits_the_users_that_a_slow_wide_receiver_has_not_taken_and_loses_none()
    {
        const int Many = 3 * Quarterback.MaxThrown;
        _quarterback.RunAsync();
        using Socket wire = _receivers.Accept();
        _log.WaitFor("Listening");
        TcpClient[] users = [.. Enumerable.Range(0, Many).Select(_ => new TcpClient("127.0.0.1", Port))];
        int kept = 0;
        for (int taken = 0; taken < Many;)
        {
            // Leaves some users on the wire until no more arrive.
            int left = SpinWait.SpinUntil(() => wire.Available > 50, 200) ? 50 : 0;
            kept = Math.Max(kept, _log.Count("Handling") - _log.Count("Closing"));
            for (; wire.Available > left; taken++)
            {
                using ReceivedMessage message = Some.Receive(wire);
                Assert.Single(message.Descriptors);
            }
        }

        _log.WaitFor("Closing", Many);
        Assert.InRange(kept, 50, Quarterback.MaxThrown);
        Array.ForEach(users, user => user.Dispose());
    }

    [KernelFact(6, 16)]
    public void Keeps_a_wide_receiver_that_temporarily_refuses_descriptors_logs_it_once_and_throws_no_user_twice()
    {
        _quarterback.RunAsync();
        using Socket wire = _receivers.Accept();
        _log.WaitFor("Listening");
        using var first = new User(Port);
        Patience.Until(() => wire.Available == 1, "the first user is on the wire");
        PassRights(wire, 0);
        using var second = new User(Port);
        _log.WaitFor("sendmsg: ");
        Thread.Sleep(50);
        Assert.Contains("EPERM", Assert.Single(_log.Lines, line => line.StartsWith("sendmsg", StringComparison.Ordinal)));

        PassRights(wire, 1);
        foreach (User user in (User[])[first, second])
        {
            using ReceivedMessage message = Some.Receive(wire);
            FileDescriptor connection = Assert.Single(message.Descriptors);
            Assert.EndsWith(user.Address, connection.Target);
        }

        _log.WaitFor("Closing", 2);
        Assert.Equal(0, wire.Available);
        Assert.False(_receivers.Poll(0, SelectMode.SelectRead), "It has connected again.");
    }

    [Fact]
    public void Serves_users_while_a_wide_receiver_sends_without_pause()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using (left)
        using (right)
        using (FileDescriptor file = Some.Null())
        {
            // A read ends after a descriptor.
            for (int i = 0; i < 40; i++)
            {
                right.SendDescriptors(file.SafeHandle);
            }

            Assert.Equal(WireEnd.None, new Wire(left) { Discarded = static descriptor => descriptor.Dispose() }.FindEnd(DescriptorEvents.Readable));
            Assert.InRange(left.Available, 1, 39);
        }

        _quarterback.RunAsync();
        using Socket wire = _receivers.Accept();
        _log.WaitFor("Listening");
        using var user = new User(Port);
        wire.Send(new byte[10000]);
        user.MeetsQuarterback(Environment.ProcessId);
        Some.Receive(wire).Dispose();
        _log.WaitFor("Closing");
    }

    [Fact]
    public async Task Disposing_it_ends_a_running_play()
    {
        Task playing = _quarterback.RunAsync();
        using Socket wire = _receivers.Accept();
        _log.WaitFor("Listening");
        await Assert.ThrowsAsync<InvalidOperationException>(() => _quarterback.RunAsync());
        await Task.Run(_quarterback.Dispose).WaitAsync(Patience.Long);
        Assert.True(playing.IsCompletedSuccessfully);
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => new User(Port)).SocketErrorCode);
        _quarterback.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _quarterback.RunAsync());
    }

    [Fact]
    public async Task Can_be_disposed_while_it_looks_for_a_wide_receiver()
    {
        _receivers.Dispose();
        Task playing = _quarterback.RunAsync();
        _log.WaitFor("Connecting");
        await Task.Run(_quarterback.Dispose).WaitAsync(Patience.Long);
        Assert.True(playing.IsCompletedSuccessfully);
    }

    // Both bind the port before either listens on it, so only the second listen(2) fails.
    [Fact]
    public void A_port_that_another_process_listens_on_first_is_a_one_line_error()
    {
        using Player other = Player.Sample(_folder.Path, "Quarterback", "--port", $"{Port}", "--socket", "other.sock");
        other.WaitFor("^Connecting");
        _quarterback.RunAsync();
        _log.WaitFor("Listening");
        using Socket receivers = UnixSocketListener.Create(UnixSocketAddress.FromPath(_folder.File("other.sock")));
        Program.Result result = other.Finish();
        Assert.Equal(1, result.ExitCode);
        Assert.Equal($"listen (127.0.0.1:{Port}): Address already in use (EADDRINUSE).\n", result.Error);
    }

    private static unsafe void PassRights(Socket wire, int value)
    {
        const int SO_PASSRIGHTS = 83;
        Assert.Equal(
            0, SysSocket.SetSockOpt((int)wire.Handle, Constants.Current.SOL_SOCKET, SO_PASSRIGHTS, &value, sizeof(int)));
    }
}
