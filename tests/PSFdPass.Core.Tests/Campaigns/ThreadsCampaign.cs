using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>
/// Several threads use one socket or one listener in every way, and another thread disposes it. Each wait ends, nothing leaks, and no
/// descriptor is closed that another part of the process has opened under the same number.
/// </summary>
[Trait("Category", "Campaign")]
public sealed class ThreadsCampaign
{
    private const int MaxNumbers = 600;
    private const string CanaryName = "canary";

    private static readonly byte[] Data = new byte[64];

    // One call of each operation. Those that never wait are repeated until the disposal.
    private static readonly Dictionary<string, Action<SafeHandle, SafeHandle>> Operations = new()
    {
        ["send"] = (socket, file) => DescriptorSender.Send(socket, Data, [file], Timeout.InfiniteTimeSpan),
        ["send many"] = (socket, file) => DescriptorSender.Send(socket, Data, [.. Enumerable.Repeat(file, 300)], Timeout.InfiniteTimeSpan),
        ["send async"] = (socket, file) =>
            DescriptorSender.SendAsync(socket, Data, new[] { file }, Timeout.InfiniteTimeSpan).AsTask().GetAwaiter().GetResult(),
        ["send each"] = (socket, file) => DescriptorSender.SendEach(socket, Data, [file, file, file], Timeout.InfiniteTimeSpan),
        ["try send"] = (socket, file) => DescriptorSender.TrySend(socket, Data, [file], out _),
        ["receive"] = (socket, _) => Take(DescriptorReceiver.ReceiveMessage(socket, Timeout.InfiniteTimeSpan)),
        ["receive async"] = (socket, _) =>
            Take(DescriptorReceiver.ReceiveMessageAsync(socket, Timeout.InfiniteTimeSpan).AsTask().GetAwaiter().GetResult()),
        ["receive objects"] = (socket, _) => ReceiveObjects(socket),
        ["receive batch"] = (socket, _) => ReceiveBatch(socket),
        ["peek"] = (socket, _) =>
        {
            Take(DescriptorReceiver.ReceiveMessage(socket, Timeout.InfiniteTimeSpan, default, 0, peek: true));

            // The message stays in the queue. Threads that peek at it without a pause would keep Socket.Dispose waiting.
            Thread.Sleep(1);
        },
        ["try receive"] = (socket, _) => TryReceive(socket),
    };

    public static TheoryData<SocketType, int> TypesAndThreads()
    {
        var data = new TheoryData<SocketType, int>();
        foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket, SocketType.Dgram])
        {
            data.Add(type, 2);
            data.Add(type, 8);
        }

        return data;
    }

    [LinuxTheory]
    [MemberData(nameof(TypesAndThreads))]
    public void Every_wait_on_one_socket_ends_when_it_is_disposed(SocketType type, int threads)
    {
        using var campaign = new Campaign($"threads on one socket, {type}, {threads} threads");
        var random = new Random(threads + (int)type);
        using FileDescriptor file = Some.File();
        using var bystander = new Bystander();
        int ended = 0;
        Warm(type, file);
        OpenDescriptors.Settle();
        Dictionary<int, string> before = OpenDescriptors.List();
        for (int round = 0; round < Campaign.Scale; round++)
        {
            foreach ((string name, Action<SafeHandle, SafeHandle> operation) in Operations)
            {
                ended += RunOne(type, threads, operation, name, file, random);
            }
        }

        bystander.Stop();
        OpenDescriptors.Settle();
        AreUnchanged(before);
        campaign.Count("waits ended", ended);
        campaign.Count("foreign descriptors checked", bystander.Checked);
        campaign.Count("closed", bystander.Lost);
        Assert.Equal(0, bystander.Lost);
    }

    [LinuxTheory]
    [InlineData(SocketType.Stream, 2)]
    [InlineData(SocketType.Stream, 8)]
    [InlineData(SocketType.Seqpacket, 2)]
    [InlineData(SocketType.Seqpacket, 8)]
    public void Every_wait_on_one_listener_ends_when_it_is_disposed(SocketType type, int threads)
    {
        using var campaign = new Campaign($"threads on one listener, {type}, {threads} threads");
        var random = new Random(threads);
        using var directory = new TemporaryDirectory();
        using var bystander = new Bystander();
        int ended = 0;
        StartPoller();
        ended += Listen(directory, type, threads, "accept", random);
        OpenDescriptors.Settle();
        Dictionary<int, string> before = OpenDescriptors.List();
        for (int round = 0; round < Campaign.Scale; round++)
        {
            foreach (string operation in (string[])["accept", "accept async", "try accept", "nobody accepts"])
            {
                ended += Listen(directory, type, threads, operation, random);
            }
        }

        bystander.Stop();
        OpenDescriptors.Settle();
        AreUnchanged(before);
        campaign.Count("waits ended", ended);
        campaign.Count("foreign descriptors checked", bystander.Checked);
        campaign.Count("closed", bystander.Lost);
        Assert.Equal(0, bystander.Lost);
    }

    private static int RunOne(
        SocketType type, int threads, Action<SafeHandle, SafeHandle> operation, string name, FileDescriptor file, Random random)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        bool isSend = name.Contains("send", StringComparison.Ordinal);

        // The socket under test is held by a Socket, or by a FileDescriptor of its own.
        int way = random.Next(4);
        using FileDescriptor? held = way >= 2 ? FileDescriptor.Duplicate((int)left.Handle) : null;
        SafeHandle socket = held?.SafeHandle ?? left.SafeHandle;
        using var stop = new CancellationTokenSource();
        var results = new ConcurrentBag<Exception?>();
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(_ => Start(results, () =>
        {
            while (!stop.IsCancellationRequested)
            {
                operation(socket, file.SafeHandle);
            }
        }))];

        // In two of three cases, the other end receives or sends, with timeouts.
        var others = new ConcurrentBag<Exception?>();
        bool isBusy = random.Next(3) > 0;
        Thread other = Start(others, () =>
        {
            while (isBusy && !stop.IsCancellationRequested)
            {
                try
                {
                    if (isSend)
                    {
                        Take(DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Short));
                    }
                    else
                    {
                        DescriptorSender.Send(right.SafeHandle, Data, [file.SafeHandle], Patience.Short);
                    }
                }
                catch (TimeoutException)
                {
                }
            }
        });
        Thread.Sleep(random.Next(30));
        Task closing = Task.Run(() =>
        {
            switch (way)
            {
                case 0:
                    left.Dispose();
                    break;
                case 1:
                    // The socket itself, from two threads.
                    Parallel.Invoke(left.Dispose, left.Dispose);
                    break;
                case 2:
                    held!.Dispose();
                    break;
                default:
                    FileDescriptor.CloseByNumber(held!.Fd);
                    break;
            }
        });

        // A Socket waits in Dispose until no thread has a reference to its handle.
        Assert.True(closing.Wait(Patience.Long), $"Closing hangs: {name}, {type}, way {way}.");

        // A peek that found a message, and calls that never wait, end with the next call.
        foreach (Thread worker in workers)
        {
            Assert.True(worker.Join(Patience.Long), $"A wait does not end: {name}, {type}, way {way}.");
        }

        stop.Cancel();
        left.Dispose();
        Assert.True(other.Join(Patience.Long), $"The other end of {name} hangs.");
        right.Dispose();
        Assert.Equal(threads, results.Count);
        foreach (Exception? result in results.Concat(others))
        {
            // Closing by number ignores the calls in progress, which can then find another file under the number.
            bool isOther = way == 3 && result is NotUnixSocketException or SystemCallException { ErrnoName: "EBADF" or "ENOTSOCK" };
            Assert.True(IsDocumented(result) || isOther, $"{name}, {type}, way {way}: {result}");
        }

        return threads;
    }

    private static int Listen(TemporaryDirectory directory, SocketType type, int threads, string operation, Random random)
    {
        var address = UnixSocketAddress.FromPath(directory.File("s"));
        Socket listener = UnixSocketListener.Create(address, type, backlog: operation == "nobody accepts" ? 0 : 4);
        int way = random.Next(3);
        using FileDescriptor? held = way == 2 ? FileDescriptor.Duplicate((int)listener.Handle) : null;
        SafeHandle handle = held?.SafeHandle ?? listener.SafeHandle;
        using var stop = new CancellationTokenSource();
        var results = new ConcurrentBag<Exception?>();
        List<Thread> acceptors = [];
        for (int i = 0; i < threads && operation != "nobody accepts"; i++)
        {
            acceptors.Add(Start(results, () =>
            {
                while (true)
                {
                    switch (operation)
                    {
                        case "accept":
                            UnixSocket.Accept(handle, Timeout.InfiniteTimeSpan).Dispose();
                            break;
                        case "accept async":
                            UnixSocket.AcceptAsync(handle, Timeout.InfiniteTimeSpan).GetAwaiter().GetResult().Dispose();
                            break;
                        default:
                            UnixSocket.TryAccept(handle)?.Dispose();
                            Thread.Yield();
                            break;
                    }
                }
            }));
        }

        var connected = new ConcurrentBag<Exception?>();
        Thread[] connectors = [.. Enumerable.Range(0, threads).Select(number => Start(connected, () =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    Socket client = number % 2 == 0
                        ? UnixSocket.Connect(address, type, Patience.Short, cancellationToken: stop.Token)
                        : UnixSocket.ConnectAsync(address, type, Timeout.InfiniteTimeSpan, cancellationToken: stop.Token)
                            .GetAwaiter().GetResult();
                    client.Dispose();
                }
                catch (TimeoutException)
                {
                }
            }
        }))];
        Thread.Sleep(random.Next(30));
        if (held is not null)
        {
            held.Dispose();
        }
        else if (way == 1)
        {
            Parallel.Invoke(listener.Dispose, listener.Dispose);
        }
        else
        {
            listener.Dispose();
        }

        foreach (Thread acceptor in acceptors)
        {
            Assert.True(acceptor.Join(Patience.Long), $"A wait does not end: {operation}, {type}, way {way}.");
        }

        stop.Cancel();
        foreach (Thread connector in connectors)
        {
            Assert.True(connector.Join(Patience.Long), $"A connection attempt does not end: {operation}, {type}, way {way}.");
        }

        listener.Dispose();
        Assert.False(File.Exists(address.Name));
        Assert.All(results, result => Assert.IsAssignableFrom<ObjectDisposedException>(result));
        foreach (Exception? result in connected)
        {
            Assert.True(IsDocumented(result), $"connect, {type}, way {way}: {result}");
        }

        return acceptors.Count + connectors.Length;
    }

    // No exception, or one that the disposal, the end of the connection, a timeout or a cancellation causes.
    private static bool IsDocumented(Exception? exception) =>
        exception is null or ObjectDisposedException or EndReachedException or TimeoutException or OperationCanceledException ||
        exception is SystemCallException { ErrnoName: "EPIPE" or "ECONNRESET" or "ECONNREFUSED" or "ENOTCONN" or "ENOENT" };

    private static Thread Start(ConcurrentBag<Exception?> results, Action action)
    {
        var thread = new Thread(() =>
        {
            try
            {
                action();
                results.Add(null);
            }
            catch (Exception exception)
            {
                results.Add(exception);
            }
        })
        { IsBackground = true };
        thread.Start();
        return thread;
    }

    private static void Warm(SocketType type, FileDescriptor file)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        foreach ((string name, Action<SafeHandle, SafeHandle> operation) in Operations)
        {
            if (!name.Contains("send", StringComparison.Ordinal))
            {
                DescriptorSender.Send(right.SafeHandle, Data, [file.SafeHandle], Patience.Long);
            }

            operation(left.SafeHandle, file.SafeHandle);
        }

        left.Dispose();
        right.Dispose();
        StartPoller();
    }

    // The thread that serves asynchronous waits keeps a descriptor open as long as the process runs.
    private static void StartPoller()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        Assert.Throws<TimeoutException>(
            () => DescriptorReceiver.ReceiveMessageAsync(left.SafeHandle, TimeSpan.FromSeconds(0.5)).AsTask().GetAwaiter().GetResult());
        left.Dispose();
        right.Dispose();
    }

    private static void Take(ReceivedMessage? message) => (message ?? throw new EndReachedException()).Dispose();

    private static void ReceiveObjects(SafeHandle socket)
    {
        var descriptors = new FileDescriptor[253];
        ReceiveResult result = DescriptorReceiver.Receive(socket, new byte[256], descriptors, Timeout.InfiniteTimeSpan);
        Finish(result, descriptors.AsSpan(0, result.Descriptors));
    }

    private static void TryReceive(SafeHandle socket)
    {
        var descriptors = new FileDescriptor[253];
        if (DescriptorReceiver.TryReceive(socket, new byte[256], descriptors, peek: Random.Shared.Next(2) == 0, out ReceiveResult result))
        {
            Finish(result, descriptors.AsSpan(0, result.Descriptors));
        }
        else
        {
            Thread.Yield();
        }
    }

    private static void ReceiveBatch(SafeHandle socket)
    {
        var results = new ReceiveResult[8];
        int[] numbers = new int[MaxNumbers];
        int count = DescriptorReceiver.ReceiveNumbers(socket, new byte[8 * 256], numbers, results, Timeout.InfiniteTimeSpan);
        Closing.CloseAll(numbers.AsSpan(0, results.Take(count).Sum(result => result.Descriptors)));
        Finish(results[count - 1], []);
    }

    private static void Finish(ReceiveResult result, Span<FileDescriptor> descriptors)
    {
        foreach (FileDescriptor descriptor in descriptors)
        {
            descriptor.Dispose();
        }

        if (result.IsEndOfStream)
        {
            throw new EndReachedException();
        }
    }

    private static void AreUnchanged(Dictionary<int, string> before) => Assert.Equal(Lines(before), Lines(OpenDescriptors.List()));

    // The targets of the open descriptors, without those of the bystander, which change constantly.
    private static string[] Lines(Dictionary<int, string> open) =>
        [.. open.Values.Where(target => !target.Contains(CanaryName, StringComparison.Ordinal)).Order()];

    private sealed class EndReachedException : Exception;

    /// <summary>
    /// Stands for another part of the process, which constantly opens and closes descriptors, and so gets the numbers that were just
    /// closed. It notices when one of its descriptors is closed or replaced.
    /// </summary>
    private sealed class Bystander : IDisposable
    {
        private const int AtOnce = 4;
        private readonly Thread _thread;
        private volatile bool _stop;

        public Bystander()
        {
            _thread = new Thread(Run) { IsBackground = true };
            _thread.Start();
        }

        public long Checked { get; private set; }

        public long Lost { get; private set; }

        public void Stop()
        {
            _stop = true;
            _thread.Join();
        }

        public void Dispose() => Stop();

        private void Run()
        {
            Span<int> fds = stackalloc int[AtOnce];
            Span<ulong> inodes = stackalloc ulong[AtOnce];
            while (!_stop)
            {
                for (int i = 0; i < AtOnce; i++)
                {
                    fds[i] = Libc.MemFdCreate(CanaryName, 1);
                    inodes[i] = SysStat.TryGetStatus(fds[i], out SysStat.FileStatus status) ? status.Inode : 0;
                }

                Thread.Sleep(1);
                for (int i = 0; i < AtOnce; i++)
                {
                    bool isMine = SysStat.TryGetStatus(fds[i], out SysStat.FileStatus status) && status.Inode == inodes[i];
                    if (!isMine || Unistd.Close(fds[i]) != 0)
                    {
                        Lost++;
                    }

                    Checked++;
                }
            }
        }
    }
}
