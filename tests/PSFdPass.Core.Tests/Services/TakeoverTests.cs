using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Services;
using PSFdPass.Waiting;

namespace PSFdPass.Tests.Services;

/// <summary>A running server hands over to its successor, or goes on as if nothing had happened.</summary>
public sealed class TakeoverTests
{
    [LinuxFact]
    public void A_successor_receives_the_descriptors_by_name_and_takes_over()
    {
        OpenDescriptors.AreUnchangedBy(() =>
        {
            using var server = new Server();
            using SocketTakeover takeover = server.Connect();
            Assert.Equal(["one", "two"], takeover.Descriptors.Select(descriptor => descriptor.Name));
            Assert.Equal(Environment.ProcessId, takeover.ProcessId);
            Assert.True(Some.AreSame(server.One.Fd, takeover["one"].Fd));
            Assert.True(Some.AreSame(server.Two.Fd, takeover["two"].Fd));
            Assert.True(takeover["one"].Flags.HasFlag(DescriptorFlags.CloseOnExec));
            Assert.Throws<KeyNotFoundException>(() => takeover["three"]);
            Assert.False(takeover.IsComplete);
            Assert.True(server.IsWaiting);

            takeover.Complete(Patience.Long);
            Assert.True(takeover.IsComplete);
            Assert.Null(server.Join());
            Assert.Equal(Environment.ProcessId, server.Successor!.ProcessId);
            Assert.Empty(server.Failures);
            Assert.Throws<InvalidOperationException>(() => takeover.Complete(Patience.Long));
            SocketTakeoverOffer.Create(server.Address).Dispose();
        });
    }

    [LinuxFact]
    public void The_path_exists_throughout_and_the_last_server_removes_it()
    {
        using var directory = new TemporaryDirectory();
        UnixSocketAddress address = UnixSocketAddress.FromPath(directory.File("s"));
        using FileDescriptor file = Some.File();
        SocketTakeoverOffer offer = SocketTakeoverOffer.Create(address);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(address.Name));
        SocketIdentity? identity = SocketIdentity.Of(address);
        for (int i = 0; i < 3; i++)
        {
            SocketTakeoverOffer former = offer;
            BlockedThread waiting = BlockedThread.Start(() => former.Wait(Only(file), Patience.Long));
            using SocketTakeover takeover = SocketTakeover.Start(address, Patience.Long);
            takeover.Complete(Patience.Long);
            Assert.Null(waiting.Join());
            former.Dispose();
            Assert.Equal(identity, SocketIdentity.Of(address));
            offer = SocketTakeoverOffer.Create(address);
            Assert.Equal(identity, SocketIdentity.Of(address));
        }

        offer.Dispose();
        Assert.False(File.Exists(address.Name));
    }

    [LinuxFact]
    public void A_path_that_somebody_else_has_replaced_is_left_alone()
    {
        using var directory = new TemporaryDirectory();
        string path = directory.File("s");
        SocketTakeoverOffer offer = SocketTakeoverOffer.Create(UnixSocketAddress.FromPath(path));
        File.Delete(path);
        File.WriteAllText(path, "theirs");
        offer.Dispose();
        Assert.Equal("theirs", File.ReadAllText(path));
    }

    [LinuxFact]
    public void A_running_server_is_not_replaced_by_one_that_does_not_take_over()
    {
        using var server = new Server();
        SystemCallException error = Assert.Throws<SystemCallException>(() => SocketTakeoverOffer.Create(server.Address));
        Assert.Equal("EADDRINUSE", error.ErrnoName);
    }

    [UnixDiagFact]
    public void The_socket_file_of_a_server_that_was_killed_is_replaced()
    {
        using var directory = new TemporaryDirectory();
        UnixSocketAddress address = UnixSocketAddress.FromPath(directory.File("s"));
        var stale = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        stale.Bind(new UnixDomainSocketEndPoint(address.Name));
        stale.Listen();
        FileDescriptor.CloseHandle(stale.SafeHandle);
        GC.SuppressFinalize(stale);
        Assert.True(File.Exists(address.Name));
        SocketTakeoverOffer.Create(address).Dispose();
        Assert.False(File.Exists(address.Name));
    }

    [LinuxFact]
    public void Without_a_server_starting_a_takeover_is_an_error()
    {
        using var directory = new TemporaryDirectory();
        SystemCallException error = Assert.Throws<SystemCallException>(
            () => SocketTakeover.Start(UnixSocketAddress.FromPath(directory.File("s")), Patience.Long));
        Assert.Equal("ENOENT", error.ErrnoName);
    }

    [LinuxFact]
    public void A_successor_that_ends_at_any_step_changes_nothing()
    {
        OpenDescriptors.AreUnchangedBy(() =>
        {
            using var server = new Server();
            UnixSocket.Connect(server.Address, SocketType.Stream, Patience.Long).Dispose();
            foreach (int steps in (int[])[1, 2, 3])
            {
                using var successor = new RawSuccessor(server.Address);
                successor.Go(steps);
            }

            server.Connect().Dispose();
            Patience.Until(() => server.Failures.Count == 5, "all five are reported");
            using SocketTakeover takeover = server.Connect();
            takeover.Complete(Patience.Long);
            Assert.Null(server.Join());
            SocketTakeoverOffer.Create(server.Address).Dispose();
        });
    }

    [LinuxFact]
    public void A_successor_that_is_not_ready_in_time_is_given_up()
    {
        using var server = new Server(TimeSpan.FromMilliseconds(50));
        using SocketTakeover takeover = server.Connect();
        Patience.Until(() => server.Failures.Count == 1, "the server gives up");
        Assert.Contains("not ready within 0.05 s", server.Failures[0]);
        SocketTakeoverException error = Assert.Throws<SocketTakeoverException>(() => takeover.Complete(Patience.Long));
        Assert.Equal(SocketTakeoverError.GivenUp, error.Reason);
        Assert.Contains("continues to serve", error.Message);
        Assert.True(server.IsWaiting);
    }

    [LinuxFact]
    public void A_successor_that_stops_after_the_confirmation_does_not_take_over_later()
    {
        using var server = new Server(TimeSpan.FromMilliseconds(200));
        using var successor = new RawSuccessor(server.Address);
        successor.Go(3);
        Patience.Until(() => server.Failures.Count == 1, "the server gives up");
        Assert.Equal("EPIPE", Assert.Throws<SystemCallException>(() => successor.Send(TakeoverFrame.Taken)).ErrnoName);
        Assert.True(server.IsWaiting);
    }

    [LinuxFact]
    public void Only_one_takeover_can_be_in_progress()
    {
        using var server = new Server();
        using SocketTakeover first = server.Connect();
        SocketTakeoverException error = Assert.Throws<SocketTakeoverException>(() => server.Connect());
        Assert.Equal(SocketTakeoverError.Refused, error.Reason);
        Assert.Contains("in progress", error.Message);
        first.Complete(Patience.Long);
        Assert.Null(server.Join());
    }

    [LinuxFact]
    public void Of_many_successors_at_once_exactly_one_takes_over()
    {
        using var server = new Server();
        int taken = 0;
        Thread[] threads = [.. Enumerable.Range(0, 8).Select(_ => new Thread(() =>
        {
            try
            {
                using SocketTakeover takeover = SocketTakeover.Start(server.Address, TimeSpan.FromSeconds(2));
                takeover.Complete(TimeSpan.FromSeconds(2));
                Interlocked.Increment(ref taken);
            }
            catch (Exception exception) when (exception is IOException or TimeoutException)
            {
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(1, taken);
        Assert.Null(server.Join());
    }

    [LinuxFact]
    public void Canceling_the_wait_gives_the_takeover_up()
    {
        using var directory = new TemporaryDirectory();
        UnixSocketAddress address = UnixSocketAddress.FromPath(directory.File("s"));
        using FileDescriptor file = Some.File();
        using var offer = SocketTakeoverOffer.Create(address);
        using var canceled = new CancellationTokenSource();
        BlockedThread waiting = BlockedThread.Start(() => offer.Wait(Only(file), Patience.Long, cancellationToken: canceled.Token));
        using SocketTakeover takeover = SocketTakeover.Start(address, Patience.Long);
        canceled.Cancel();
        Assert.IsAssignableFrom<OperationCanceledException>(waiting.Join());
        SocketTakeoverException error = Assert.Throws<SocketTakeoverException>(() => takeover.Complete(Patience.Long));
        Assert.Equal(SocketTakeoverError.GivenUp, error.Reason);

        BlockedThread again = BlockedThread.Start(() => offer.Wait(Only(file), Patience.Long));
        offer.Dispose();
        Assert.IsType<ObjectDisposedException>(again.Join());
    }

    [LinuxFact]
    public void Disposing_a_takeover_ends_a_wait_on_another_thread()
    {
        using var directory = new TemporaryDirectory();
        using var listener = new RawServer(directory.File("s"));
        BlockedThread serving = BlockedThread.Start(() => listener.Serve(frames =>
        {
            using Frame? hello = frames.Receive(Deadline.Never, default);
            using FileDescriptor file = Some.File();
            TakeoverFrame.SendOffer(frames, file.SafeHandle, null, [], Deadline.Never, default);
            using Frame? ready = frames.Receive(Deadline.Never, default);
            using Frame? end = frames.Receive(Deadline.Never, default);
            Assert.Null(end);
        }));
        SocketTakeover takeover = SocketTakeover.Start(listener.Address, Patience.Long);
        BlockedThread completing = BlockedThread.Start(() => takeover.Complete(Patience.Long));
        takeover.Dispose();
        Assert.IsAssignableFrom<Exception>(completing.Join());
        Assert.False(takeover.IsComplete);
        Assert.Null(serving.Join());
    }

    [LinuxFact]
    public void When_the_server_ends_the_successor_gets_ServerEnded_and_keeps_the_descriptors()
    {
        foreach (int frames in (int[])[0, 1, 2])
        {
            using var directory = new TemporaryDirectory();
            using var server = new RawServer(directory.File("s"));
            using FileDescriptor file = Some.File("theirs");
            BlockedThread serving = BlockedThread.Start(() => server.Serve(socket =>
            {
                using Frame? hello = socket.Receive(Deadline.Never, default);
                if (frames > 0)
                {
                    TakeoverFrame.SendOffer(
                        socket, file.SafeHandle, null, [new("file", file.SafeHandle)], Deadline.Never, default);
                }

                if (frames > 1)
                {
                    using Frame? ready = socket.Receive(Deadline.Never, default);
                }
            }));
            SocketTakeover? takeover = null;
            SocketTakeoverException error = Assert.Throws<SocketTakeoverException>(() =>
            {
                takeover = SocketTakeover.Start(server.Address, Patience.Long);
                takeover.Complete(Patience.Long);
            });
            Assert.Equal(SocketTakeoverError.ServerEnded, error.Reason);
            Assert.Null(serving.Join());
            if (takeover is not null)
            {
                Assert.Equal("theirs", Some.Read(takeover["file"]));
                takeover.Dispose();
                Assert.False(takeover["file"].IsOpen);
            }
        }
    }

    [LinuxFact]
    public void A_server_with_another_protocol_is_an_error_and_leaks_nothing()
    {
        using FileDescriptor file = Some.File();
        byte[][] bodies = [[], [TakeoverFrame.Offer], [TakeoverFrame.Go], new byte[21], [TakeoverFrame.Offer, .. new byte[19], 1], "HTTP/1.1 200"u8.ToArray()];
        foreach (byte[] body in bodies)
        {
            using var directory = new TemporaryDirectory();
            using var server = new RawServer(directory.File("s"));
            OpenDescriptors.AreUnchangedBy(() =>
            {
                BlockedThread serving = BlockedThread.Start(() => server.Serve(frames => frames.Send(body, [file.SafeHandle], Deadline.Never, default)));
                if (body is [TakeoverFrame.Offer, _, ..])
                {
                    // An empty offer is valid.
                    SocketTakeover.Start(server.Address, Patience.Long).Dispose();
                }
                else
                {
                    SocketTakeoverException error = Assert.Throws<SocketTakeoverException>(() => SocketTakeover.Start(server.Address, Patience.Long));
                    Assert.Equal(SocketTakeoverError.Protocol, error.Reason);
                }

                Assert.Null(serving.Join());
            });
        }
    }

    [LinuxFact]
    public void A_list_of_descriptors_that_does_not_match_the_offer_is_an_error_and_leaks_nothing()
    {
        using FileDescriptor file = Some.File();
        byte[][] lists = [[], [TakeoverFrame.Descriptors], [TakeoverFrame.Descriptors, 5, 65], [TakeoverFrame.Descriptors, 1, 65, 1, 66], [TakeoverFrame.Ready]];
        byte[] offer = new byte[21];
        offer[0] = TakeoverFrame.Offer;
        BinaryPrimitives.WriteInt32BigEndian(offer.AsSpan(1), 1);
        foreach (byte[] list in lists)
        {
            using var directory = new TemporaryDirectory();
            using var server = new RawServer(directory.File("s"));
            OpenDescriptors.AreUnchangedBy(() =>
            {
                BlockedThread serving = BlockedThread.Start(() => server.Serve(frames =>
                {
                    frames.Send(offer, [file.SafeHandle], Deadline.Never, default);
                    frames.Send(list, [file.SafeHandle], Deadline.Never, default);
                }));
                SocketTakeoverException error = Assert.Throws<SocketTakeoverException>(() => SocketTakeover.Start(server.Address, Patience.Long));
                Assert.Equal(SocketTakeoverError.Protocol, error.Reason);
                Assert.Null(serving.Join());
            });
        }
    }

    [LinuxFact]
    public void A_client_with_another_protocol_changes_nothing()
    {
        using var server = new Server();
        foreach (byte[] bytes in (byte[][])[[0], "GET / HTTP/1.1\r\n\r\n"u8.ToArray(), [0, 0, 0, 2, 0, 0, TakeoverFrame.Hello, 65], new byte[1000]])
        {
            using Socket stranger = UnixSocket.Connect(server.Address, SocketType.Stream, Patience.Long);
            stranger.Send(bytes);
        }

        Patience.Until(() => server.Failures.Count == 4, "all four are reported");
        using SocketTakeover takeover = server.Connect();
        takeover.Complete(Patience.Long);
        Assert.Null(server.Join());
    }

    [LinuxFact]
    public void More_descriptors_than_one_message_carries_arrive_in_order()
    {
        using var directory = new TemporaryDirectory();
        UnixSocketAddress address = UnixSocketAddress.FromPath(directory.File("s"));
        FileDescriptor[] files = Some.Files(350);
        using var offer = SocketTakeoverOffer.Create(address);
        KeyValuePair<string, SafeHandle>[] named = [.. files.Select((file, i) => KeyValuePair.Create($"{i:000}{new string('n', 252)}", file.SafeHandle))];
        BlockedThread waiting = BlockedThread.Start(() => offer.Wait(named, Patience.Long));
        using (SocketTakeover takeover = SocketTakeover.Start(address, Patience.Long))
        {
            Assert.Equal(named.Select(pair => pair.Key), takeover.Descriptors.Select(descriptor => descriptor.Name));
            Assert.All(files.Zip(takeover.Descriptors), pair => Assert.True(Some.AreSame(pair.First.Fd, pair.Second.Descriptor.Fd)));
            takeover.Complete(Patience.Long);
        }

        Assert.Null(waiting.Join());
        Array.ForEach(files, file => file.Dispose());
        SocketTakeoverOffer.Create(address).Dispose();
    }

    [LinuxFact]
    public void Names_are_checked_before_anything_happens()
    {
        using var directory = new TemporaryDirectory();
        using FileDescriptor file = Some.File();
        using var offer = SocketTakeoverOffer.Create(UnixSocketAddress.FromPath(directory.File("s")));
        Assert.Throws<ArgumentException>(() => offer.Wait([new("", file.SafeHandle)], Patience.Long));
        Assert.Throws<ArgumentException>(() => offer.Wait([new("a", file.SafeHandle), new("a", file.SafeHandle)], Patience.Long));
        Assert.Throws<ArgumentOutOfRangeException>(() => offer.Wait([], TimeSpan.FromSeconds(-2)));
    }

    [PrivilegedFact]
    public void Another_user_is_refused_on_both_sides()
    {
        using var directory = new TemporaryDirectory();
        File.SetUnixFileMode(directory.Path, (UnixFileMode)0b111_111_111);
        UnixSocketAddress address = UnixSocketAddress.FromPath(directory.File("s"));
        using FileDescriptor file = Some.File();
        using var offer = SocketTakeoverOffer.Create(address);
        File.SetUnixFileMode(address.Name, (UnixFileMode)0b110_110_110);
        var failures = new List<string>();
        using var canceled = new CancellationTokenSource();
        BlockedThread waiting = BlockedThread.Start(() => offer.Wait(Only(file), Patience.Long, failures.Add, canceled.Token));
        Child.Run(AssertRefused, address.Name);
        Patience.Until(() => failures.Count == 1, "the refusal is reported");
        Assert.Contains("not a process of the same user", failures[0]);
        canceled.Cancel();
        Assert.IsAssignableFrom<OperationCanceledException>(waiting.Join());
    }

    private static void AssertRefused()
    {
        Assert.True(Libc.BecomeNobody());

        // The check on this side comes first. Without it, the server's answer would have the same reason.
        UnixSocketAddress address = UnixSocketAddress.FromPath(Child.Argument);
        Assert.Equal(
            SocketTakeoverError.Refused,
            Assert.Throws<SocketTakeoverException>(() => SocketTakeover.Start(address, Patience.Long)).Reason);
    }

    private static KeyValuePair<string, SafeHandle>[] Only(FileDescriptor file) => [new("file", file.SafeHandle)];

    /// <summary>A running server with two descriptors, which waits for a successor on a thread.</summary>
    private sealed class Server : IDisposable
    {
        private readonly TemporaryDirectory _directory = new();
        private readonly SocketTakeoverOffer _offer;
        private readonly BlockedThread _thread;
        private volatile bool _hasEnded;

        public Server(TimeSpan? readyTimeout = null)
        {
            Address = UnixSocketAddress.FromPath(_directory.File("s"));
            _offer = SocketTakeoverOffer.Create(Address);
            _thread = BlockedThread.Start(() =>
            {
                try
                {
                    Successor = _offer.Wait(
                        [new("one", One.SafeHandle), new("two", Two.SafeHandle)], readyTimeout ?? Patience.Long, Failures.Add);
                }
                finally
                {
                    _hasEnded = true;
                }
            });
        }

        public UnixSocketAddress Address { get; }

        public FileDescriptor One { get; } = Some.File("one");

        public FileDescriptor Two { get; } = Some.File("two");

        public List<string> Failures { get; } = [];

        public UnixSocketPeer? Successor { get; private set; }

        public bool IsWaiting => !_hasEnded;

        public SocketTakeover Connect() => SocketTakeover.Start(Address, Patience.Long);

        public Exception? Join() => _thread.Join();

        public void Dispose()
        {
            _offer.Dispose();
            _thread.Join();
            One.Dispose();
            Two.Dispose();
            _directory.Dispose();
        }
    }

    /// <summary>A successor that stops after some steps: hello, ready, the receipt of the confirmation.</summary>
    private sealed class RawSuccessor(UnixSocketAddress address) : IDisposable
    {
        private readonly Socket _socket = UnixSocket.Connect(address, SocketType.Stream, Patience.Long);

        public void Go(int steps)
        {
            using var frames = new FramedSocket(_socket.SafeHandle);
            frames.Send(TakeoverFrame.Text(TakeoverFrame.Hello, TakeoverFrame.Version), [], Deadline.Never, default);
            frames.Receive(Deadline.Never, default)!.Value.Dispose();
            frames.Receive(Deadline.Never, default)!.Value.Dispose();
            if (steps > 1)
            {
                Send(TakeoverFrame.Ready);
            }

            if (steps > 2)
            {
                Assert.Equal([TakeoverFrame.Go], frames.Receive(Deadline.Never, default)!.Value.Body);
            }
        }

        public void Send(byte type) => new FramedSocket(_socket.SafeHandle).Send([type], [], Deadline.Never, default);

        public void Dispose() => _socket.Dispose();
    }

    /// <summary>A program that listens for successors and answers as a test wants it to.</summary>
    private sealed class RawServer(string path) : IDisposable
    {
        private readonly Socket _listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(path));

        public UnixSocketAddress Address { get; } = UnixSocketAddress.FromPath(path);

        public void Serve(Action<FramedSocket> answer)
        {
            using Socket connection = UnixSocket.Accept(_listener, Patience.Long);
            using var frames = new FramedSocket(connection.SafeHandle);
            answer(frames);
        }

        public void Dispose() => _listener.Dispose();
    }
}
