using System.Net.Sockets;
using System.Net;
using PSFdPass.Echo;

namespace PSFdPass.Tests.Echo;

/// <summary>Descriptors that block, loop or repeat, thrown to a wide receiver that has others to serve.</summary>
public sealed class HostileQuarterbackTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly PlayLog _log = new();
    private readonly string _path;

    public HostileQuarterbackTests() => _path = _folder.File("fd-pass.sock");

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public void A_close_that_blocks_does_not_delay_others()
    {
        using var receiver = new WideReceiver(_path, _log.Add);
        receiver.RunAsync();
        using Socket wire = Connect();
        (TcpClient client, Socket server) = Some.TcpConnection();
        using (client)
        {
            // Much more data than fits into the client's buffer, and up to a minute to deliver it when the connection is closed.
            client.ReceiveBufferSize = 4096;
            server.LingerState = new LingerOption(true, 60);
            wire.SendDescriptors(server.SafeHandle);
            FileDescriptor.CloseHandle(server.SafeHandle);
            byte[] much = new byte[400_000];
            client.Client.Blocking = false;
            for (int sent = 0; sent < much.Length;)
            {
                sent += client.Client.Poll(Patience.Long, SelectMode.SelectWrite) ? client.Client.Send(much.AsSpan(sent)) : 0;
            }

            client.Client.Shutdown(SocketShutdown.Send);
            _log.WaitFor("Closing connection from");
            AssertServes(wire);

            // Disposing the client resets the connection, and the close in progress returns.
        }
    }

    [LinuxFact]
    public void A_connection_whose_ends_are_both_received_is_closed()
    {
        using var receiver = new WideReceiver(_path, _log.Add);
        receiver.RunAsync();
        using Socket wire = Connect();
        (TcpClient client, Socket server) = Some.TcpConnection();
        wire.SendDescriptors(server.SafeHandle);
        wire.SendDescriptors(client.Client.SafeHandle);
        _log.WaitFor("Ignoring a connection, because both of its ends were received: ");
        _log.WaitFor("Closing connection from");
        Assert.True(client.Client.Poll(Patience.Long, SelectMode.SelectRead));
        client.Dispose();
        server.Dispose();

        // A socket that is connected to itself.
        using var self = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        self.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        self.Connect(self.LocalEndPoint!);
        wire.SendDescriptors(self.SafeHandle);
        AssertServes(wire);
        _log.WaitFor("Closing connection from", 2);
        Assert.Equal(2, _log.Count("Handling connection from (127"));
    }

    [LinuxFact]
    public void A_connection_that_is_served_is_not_served_twice()
    {
        using var receiver = new WideReceiver(_path, _log.Add);
        receiver.RunAsync();
        using Socket wire = Connect();
        using Socket other = Connect();
        (TcpClient client, Socket server) = Some.TcpConnection();
        using (client)
        using (server)
        {
            wire.SendDescriptors(server.SafeHandle);
            _log.WaitFor("Handling connection from (127");
            wire.SendDescriptors(server.SafeHandle);
            other.SendDescriptors(server.SafeHandle);
            _log.WaitFor("Ignoring a connection that is already served: ", 2);
            using var reader = new StreamReader(client.GetStream());
            Assert.StartsWith("Hello", reader.ReadLine());
            client.Client.Send("foo\n"u8);
            Assert.Equal("foo", reader.ReadLine());
            Assert.Equal(0, client.Available);
        }
    }

    [LinuxFact]
    public void Unix_connections_are_served_when_that_is_permitted_but_not_both_ends_and_not_the_wire_itself()
    {
        using var receiver = new WideReceiver(_path, _log.Add, allowUnixConnections: true);
        receiver.RunAsync();
        using Socket wire = Connect();
        wire.SendDescriptors(wire.SafeHandle);
        _log.WaitFor("Ignoring a connection that is not TCP: ");

        // Another process keeps one end of a pair, and sends the other.
        using var refusing = new WideReceiver(_folder.File("refusing.sock"), _log.Add);
        refusing.RunAsync();
        Program.Run("python3", "-c", UnixUser, _path, "one").Succeeded();
        Program.Result refused = Program.Run("python3", "-c", UnixUser, _folder.File("refusing.sock"), "one");
        Assert.NotEqual(0, refused.ExitCode);
        _log.WaitFor("Ignoring a connection that is not TCP: ", 2);

        // Each end would echo to the other.
        Program.Run("python3", "-c", UnixUser, _path, "both").Succeeded();
        _log.WaitFor("Closing connection from (unnamed)", 3);
    }

    [LinuxFact]
    public async Task Ten_hostile_peers_that_send_thousands_of_descriptors_neither_delay_users_nor_fill_the_log()
    {
        using var receiver = new WideReceiver(_path, _log.Add);
        _ = receiver.RunAsync();
        using FileDescriptor nothing = Some.Null();
        System.Runtime.InteropServices.SafeHandle[] many = [.. Enumerable.Repeat(nothing.SafeHandle, DescriptorSender.MaxDescriptorsPerMessage)];
        Socket[] hostile = [.. Enumerable.Range(0, 10).Select(_ => Connect())];
        using var enough = new CancellationTokenSource();
        Task[] throwing = [.. hostile.Select(wire => Task.Factory.StartNew(
            () =>
            {
                for (int i = 0; i < 400 && !enough.IsCancellationRequested; i++)
                {
                    wire.SendDescriptors([1], many);
                }
            },
            TaskCreationOptions.LongRunning))];
        using (Socket wire = Connect())
        {
            for (int i = 0; i < 20; i++)
            {
                AssertServes(wire);
            }
        }

        await enough.CancelAsync();
        Array.ForEach(hostile, wire => wire.Dispose());
        await Task.WhenAll(throwing).ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(Patience.Long);

        // A new line ends the count of equal lines. The log also has the number of ignored descriptors of each connection.
        Connect().Dispose();
        _log.WaitFor("Ignored ");
        Assert.InRange(_log.Lines.Length, 1, 1000);
        Assert.Contains(_log.Lines, line => line.StartsWith("Ignored ", StringComparison.Ordinal));
        Patience.Until(() => OpenDescriptors.List().Values.Count(target => target == "/dev/null") < 20, "the descriptors are closed");
    }

    [LinuxFact]
    public void Names_of_descriptors_are_logged_without_their_control_characters()
    {
        using var receiver = new WideReceiver(_path, _log.Add);
        receiver.RunAsync();
        using Socket wire = Connect();
        string file = _folder.Write("a\x1b[2Jb\u202e", "");
        using FileDescriptor descriptor = FileDescriptor.Open(file);
        wire.SendDescriptors(descriptor.SafeHandle);
        _log.WaitFor("Ignoring a descriptor that is not a connection: ");
        Assert.DoesNotContain(_log.Lines, line => line.Any(character => char.IsControl(character) || character == '\u202e'));
    }

    // Sends one end of a pair, or both.
    private const string UnixUser =
        """
        import socket, sys
        wire = socket.socket(socket.AF_UNIX)
        wire.connect(sys.argv[1])
        user, server = socket.socketpair()
        user.settimeout(30)
        if sys.argv[2] == "both":
            socket.send_fds(wire, [b"x"], [user.fileno()])
        socket.send_fds(wire, [b"x"], [server.fileno()])
        server.close()
        if sys.argv[2] == "one":
            lines = user.makefile("rw")
            greeting = lines.readline()
            assert greeting.startswith("Hello from Wide Receiver"), greeting
            lines.write("foo\n")
            lines.flush()
            assert lines.readline() == "foo\n"
        else:
            while user.recv(4096):
                pass
        """;

    private static void AssertServes(Socket wire)
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using (client)
        {
            client.ReceiveTimeout = (int)Patience.Long.TotalMilliseconds;
            wire.SendDescriptors(server.SafeHandle);
            FileDescriptor.CloseHandle(server.SafeHandle);
            using var reader = new StreamReader(client.GetStream());
            Assert.StartsWith("Hello from Wide Receiver", reader.ReadLine());
            client.Client.Send("foo\n"u8);
            Assert.Equal("foo", reader.ReadLine());
        }
    }

    private Socket Connect() => UnixSocket.Connect(UnixSocketAddress.FromPath(_path), SocketType.Stream, Patience.Long);
}
