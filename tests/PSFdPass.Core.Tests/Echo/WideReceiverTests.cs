using System.Net.Sockets;
using PSFdPass.Echo;
using PSFdPass.Facts;
using PSFdPass.Interop;
using PSFdPass.Messages;
using PSFdPass.Waiting;

namespace PSFdPass.Tests.Echo;

/// <summary>A wide receiver whose quarterback is played by the test.</summary>
public sealed class WideReceiverTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly PlayLog _log = new();
    private readonly string _path;

    public WideReceiverTests() => _path = _folder.File("fd-pass.sock");

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public unsafe void Empties_the_error_queue_of_a_connection_with_zero_copy_notices()
    {
        const int SO_ZEROCOPY = 60;
        const int MSG_ZEROCOPY = 0x4000000;
        using var receiver = new WideReceiver(_path, _log.Add);
        receiver.RunAsync();
        (TcpClient client, Socket server) = Some.TcpConnection();
        using var _ = client;
        using var __ = server;
        int fd = (int)server.Handle;
        Assert.True(SysSocket.TrySetOption(fd, Constants.Current.SOL_SOCKET, SO_ZEROCOPY, 1));
        fixed (byte* greeting = "hello\n"u8)
        {
            Assert.Equal(6, SysSocket.Send(fd, greeting, 6, MSG_ZEROCOPY));
        }

        using var reader = new StreamReader(client.GetStream());
        Assert.Equal("hello", reader.ReadLine());
        Patience.Until(() => HasNotice(fd), "the notice is there");
        using Socket wire = Connect();
        wire.SendDescriptors(server.SafeHandle);
        Assert.StartsWith("Hello from Wide Receiver", reader.ReadLine());
        Patience.Until(() => !HasNotice(fd), "the notice is gone");
        client.Client.Send("foo\n"u8);
        Assert.Equal("foo", reader.ReadLine());
    }

    [LinuxFact]
    public void Serves_all_users_when_there_are_more_users_than_descriptors()
    {
        using Player receiver = Player.SampleWithLimit(150, _folder.Path, "WideReceiver");
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        int port = quarterback.WaitForPort();
        User[] users = User.Many(200, port);
        foreach (User user in users)
        {
            // Each user who leaves frees a descriptor for another.
            user.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(receiver.Id).Echoes("foo");
            user.Dispose();
        }

        receiver.Signal(Signals.Terminate);
        receiver.Finish().Succeeded();
        Assert.Contains(receiver.Lines, line => line.Contains("reached its limit of open descriptors"));
        Assert.DoesNotContain(receiver.Lines, line => line.StartsWith("Ignoring", StringComparison.Ordinal));
        Assert.Equal(200, receiver.Lines.Count(line => line.StartsWith("Closing connection from", StringComparison.Ordinal)));
    }

    [LinuxFact]
    public void Logs_that_a_message_exceeds_its_limit_of_descriptors_and_continues()
    {
        using Player receiver = Player.SampleWithLimit(150, _folder.Path, "WideReceiver");
        receiver.WaitFor("^Listening");
        Program.Run(Player.Compile("peer", _folder.Path), "garbage", _path, "stream", "many");
        receiver.WaitFor(@"^Lost descriptors on \(fd-pass\.sock\), because this process has reached its limit");
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        using var user = new User(quarterback.WaitForPort());
        user.MeetsQuarterback(quarterback.Id).MeetsWideReceiver(receiver.Id).Echoes("foo");
    }

    [LinuxFact]
    public void Closes_a_connection_that_it_cannot_watch_and_continues()
    {
        var set = new FullPoller();
        using var receiver = new WideReceiver(_path, _log.Add) { CreateSet = () => new DescriptorSet(set) };
        receiver.RunAsync();
        using Socket wire = Connect();
        _log.WaitFor("Handling connection from");
        set.IsFull = true;

        // None of the three connections in one message can be watched. Each is closed and logged.
        (TcpClient Client, Socket Server)[] unwatched = [Some.TcpConnection(), Some.TcpConnection(), Some.TcpConnection()];
        wire.SendDescriptors([.. unwatched.Select(user => user.Server.SafeHandle)]);
        foreach ((TcpClient client, Socket server) in unwatched)
        {
            client.ReceiveTimeout = (int)Patience.Long.TotalMilliseconds;
            Assert.Equal(0, client.Client.Receive(new byte[100]));
            client.Dispose();
            server.Dispose();
        }

        _log.WaitFor("Closing connection from", 3);
        Assert.Equal(3, _log.Lines.Count(line => line.Contains("epoll_ctl") && line.Contains("ENOSPC")));
        using (Socket refused = Connect())
        {
            Assert.Equal(0, refused.Receive(new byte[1]));
        }

        _log.WaitFor("Refusing a connection on");
        set.IsFull = false;
        (TcpClient user, Socket connection) = Some.TcpConnection();
        wire.SendDescriptors(connection.SafeHandle);
        using var reader = new StreamReader(user.GetStream());
        Assert.StartsWith("Hello from Wide Receiver", reader.ReadLine());
        user.Dispose();
        connection.Dispose();
    }

    [LinuxFact]
    public void A_connection_that_was_reset_before_it_arrives_is_ignored_and_logged()
    {
        using var receiver = new WideReceiver(_path, _log.Add);
        receiver.RunAsync();
        (TcpClient client, Socket server) = Some.TcpConnection();
        client.LingerState = new LingerOption(true, 0);
        client.Dispose();
        Patience.Until(() => !SocketFacts.IsConnected((int)server.Handle), "the connection is reset");
        using Socket wire = Connect();
        wire.SendDescriptors(server.SafeHandle);
        server.Dispose();
        _log.WaitFor("Ignoring a socket that is not connected: ");
    }

    [Fact]
    public async Task Disposing_it_ends_a_running_play()
    {
        using var receiver = new WideReceiver(_path, _log.Add);
        Task playing = receiver.RunAsync();
        using Socket wire = Connect();
        _log.WaitFor("Handling connection from");
        await Task.Run(receiver.Dispose).WaitAsync(Patience.Long);
        Assert.True(playing.IsCompletedSuccessfully);
        Assert.False(File.Exists(_path));
        Assert.Equal(0, wire.Receive(new byte[1]));
        receiver.Dispose();
    }

    private static unsafe bool HasNotice(int fd)
    {
        var descriptor = new Poll.PollFd { fd = fd };
        return Poll.Wait(&descriptor, 1, 0) > 0 && (descriptor.revents & Poll.POLLERR) != 0;
    }

    private Socket Connect() => UnixSocket.Connect(UnixSocketAddress.FromPath(_path), SocketType.Stream, Patience.Long);

    /// <summary>Refuses further descriptors while <see cref="IsFull"/> is set, as when fs.epoll.max_user_watches is exhausted.</summary>
    private sealed class FullPoller : EpollPoller
    {
        public volatile bool IsFull;

        public override bool TryAdd(int fd, ulong token, short events) =>
            IsFull ? throw new SystemCallException("epoll_ctl", ErrnoNames.NumberOf("ENOSPC")) : base.TryAdd(fd, token, events);
    }
}
