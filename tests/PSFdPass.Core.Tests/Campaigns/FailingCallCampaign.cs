using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>
/// Each system call of the library fails with each errno of its man page: once, every third time, or always. strace makes the calls
/// fail in threads that run one operation each. The operation ends with the documented exception, leaks nothing, does not spin, and
/// loses no message.
/// </summary>
[Trait("Category", "Campaign")]
public sealed partial class FailingCallCampaign
{
    // The result of getppid(2) by which a thread recognizes that strace has attached to it.
    private const int Attached = 4242;

    // Far more calls than a wait of this length makes, unless it spins.
    private const int Spinning = 400;
    private const int ShortForm = 48;
    private const int EachChild = 40;
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(250);
    private static readonly byte[] Data = [1, 2, 3, 4];

    // The errors in the man pages, first those that Linux returns for these uses.
    private static readonly Dictionary<string, string> Errors = new()
    {
        ["sendmsg"] = "EAGAIN EINTR ENOBUFS ENOMEM ETOOMANYREFS EPIPE ECONNRESET EMSGSIZE EACCES EBADF EDESTADDRREQ EFAULT EINVAL EISCONN ENOTCONN ENOTSOCK EOPNOTSUPP EPERM",
        ["sendmmsg"] = "EAGAIN EINTR ENOBUFS ENOMEM ETOOMANYREFS EPIPE ECONNRESET EMSGSIZE EACCES EBADF EFAULT EINVAL ENOTCONN ENOTSOCK EPERM",
        ["recvmsg"] = "EAGAIN EINTR ENOMEM ECONNREFUSED ECONNRESET EBADF EFAULT EINVAL ENOTCONN ENOTSOCK",
        ["recvfrom"] = "EAGAIN EINTR ENOMEM ECONNREFUSED ECONNRESET EBADF EFAULT EINVAL ENOTCONN ENOTSOCK",
        ["recvmmsg"] = "EAGAIN EINTR ENOMEM ECONNREFUSED ECONNRESET EBADF EFAULT EINVAL ENOTCONN ENOTSOCK",
        ["poll"] = "EINTR ENOMEM EINVAL EFAULT",
        ["accept4"] = "EAGAIN EINTR ECONNABORTED EMFILE ENFILE ENOBUFS ENOMEM EBADF EFAULT EINVAL ENOTSOCK EOPNOTSUPP EPERM EPROTO",
        ["connect"] = "EAGAIN EINTR ECONNREFUSED ENOENT EACCES EPERM EADDRINUSE EAFNOSUPPORT EALREADY EBADF EFAULT EINPROGRESS EISCONN ENETUNREACH ENOTSOCK EPROTOTYPE ETIMEDOUT",
        ["socket"] = "EMFILE ENFILE ENOBUFS ENOMEM EACCES EAFNOSUPPORT EINVAL EPROTONOSUPPORT",
        ["socketpair"] = "EMFILE ENFILE EAFNOSUPPORT EFAULT EOPNOTSUPP EPROTONOSUPPORT",
        ["bind"] = "EADDRINUSE EACCES ENOENT EROFS ENOMEM EBADF EINVAL ENOTSOCK EADDRNOTAVAIL EFAULT ELOOP ENAMETOOLONG ENOTDIR",
        ["listen"] = "EADDRINUSE EBADF ENOTSOCK EOPNOTSUPP",
        ["fcntl"] = "EMFILE EBADF EINVAL EPERM EACCES EAGAIN EBUSY EFAULT EINTR ENOLCK",
        ["getsockopt"] = "EBADF ENOTSOCK EFAULT EINVAL ENOPROTOOPT",
        ["setsockopt"] = "EBADF ENOTSOCK EFAULT EINVAL ENOPROTOOPT",
        ["eventfd2"] = "EMFILE ENFILE ENODEV ENOMEM EINVAL",
        ["close_range"] = "ENOSYS EPERM EMFILE ENOMEM EINVAL",
        ["close"] = "EINTR EIO EBADF ENOSPC EDQUOT",
        ["openat"] = "EMFILE ENFILE ENOENT EACCES EINTR ENOMEM EBUSY EDQUOT EEXIST EFAULT EFBIG EINVAL EISDIR ELOOP ENAMETOOLONG ENODEV ENOSPC ENOTDIR ENXIO EOPNOTSUPP EOVERFLOW EPERM EROFS ETXTBSY",
        ["memfd_create"] = "EMFILE ENFILE ENOMEM EFAULT EINVAL EPERM",
        ["ioctl"] = "EBADF EFAULT EINVAL ENOTTY",
    };

    private static readonly string[] When = ["1", "1+3", "1+"];
    private static string s_call = "";

    [StraceFact]
    public void Each_operation_survives_failing_calls()
    {
        using var campaign = new Campaign("failing system calls");
        string[] all = Combinations();
        int count = Math.Min(all.Length, ShortForm * Campaign.Scale);

        var sums = new Dictionary<string, long>();

        // The short form has the usual error of each call; a longer one continues with the others.
        for (int first = 0; first < count; first += EachChild)
        {
            using var directory = new TemporaryDirectory();
            string report = directory.File("report");
            Child.Run(RunAll, $"{first};{Math.Min(count, first + EachChild)};{report}");
            foreach (string line in File.ReadLines(report))
            {
                string[] fields = line.Split(' ');
                sums[fields[0]] = sums.GetValueOrDefault(fields[0]) + long.Parse(fields[1], CultureInfo.InvariantCulture);
            }
        }

        foreach ((string what, long sum) in sums)
        {
            campaign.Count(what, sum);
        }

        campaign.Count("combinations", count);
        campaign.Count("of", all.Length);
    }

    // The first error of every call, with each rhythm in turn, then the second and so on.
    private static string[] Combinations()
    {
        List<string> all = [];
        for (int rhythm = 0; rhythm < When.Length; rhythm++)
        {
            for (int i = 0; i < 30; i++)
            {
                int number = 0;
                foreach ((string call, string errors) in Errors)
                {
                    number++;
                    if (errors.Split(' ').ElementAtOrDefault(i) is { } error)
                    {
                        all.Add($"{call} {error} {When[(rhythm + i + number) % When.Length]}");
                    }
                }
            }
        }

        return [.. all];
    }

    private static void RunAll()
    {
        string[] arguments = Child.Argument.Split(';');
        string[] all = Combinations();
        using var directory = new TemporaryDirectory();
        var failures = new List<string>();
        int injected = 0;
        int operations = 0;
        Run(directory, "", failures, ref operations, ref injected);
        if (failures.Count == 0)
        {
            // Starting the first program opens descriptors that the runtime keeps.
            Run(directory, all[0], [], ref operations, ref injected);
        }

        injected = 0;
        operations = 0;
        for (int i = int.Parse(arguments[0], CultureInfo.InvariantCulture); i < int.Parse(arguments[1], CultureInfo.InvariantCulture); i++)
        {
            Run(directory, all[i], failures, ref operations, ref injected);
        }

        File.WriteAllText(arguments[2], $"operations {operations}\nfaults {injected}\n");
        Assert.True(failures.Count == 0, string.Join("\n", failures));
    }

    // With an empty combination nothing fails, and everything is loaded.
    private static void Run(TemporaryDirectory directory, string combination, List<string> failures, ref int operations, ref int injected)
    {
        OpenDescriptors.Settle();
        Dictionary<int, string> before = OpenDescriptors.List();
        using var go = new ManualResetEventSlim(combination.Length == 0);
        List<Operation> all = Operations(directory);
        Thread[] threads = [.. all.Select(operation => operation.Start(combination.Length == 0 ? null : go))];
        string[] parts = combination.Split(' ');
        s_call = parts[0];
        if (combination.Length > 0)
        {
            Patience.Until(() => all.TrueForAll(operation => operation.ThreadId != 0), "the threads run");
            string log = directory.File("log");
            using Program strace = Program.Start(
                "strace",
                [
                    "-q", "-o", log, "-e", $"trace={parts[0]},getppid", "-e", $"inject=getppid:retval={Attached}",
                    "-e", $"inject={parts[0]}:error={parts[1]}:when={parts[2]}",
                    .. all.SelectMany(operation => (string[])["-p", $"{operation.ThreadId}"]),
                ]);
            Patience.Until(() => all.TrueForAll(operation => operation.IsAttached), "strace attaches");
            go.Set();
            Thread.Sleep(50);
            all.ForEach(operation => operation.Later?.Invoke());
            foreach ((Operation operation, Thread thread) in all.Zip(threads))
            {
                if (!thread.Join(Patience.Long))
                {
                    failures.Add($"{combination}: {operation.Name} hangs");
                    Console.Error.WriteLine(string.Join("\n", failures));
                    Environment.Exit(3);
                }
            }

            strace.Finish();
            var calls = new Dictionary<string, int>();
            foreach (string line in File.ReadLines(log).Where(line =>
                line.EndsWith("(INJECTED)", StringComparison.Ordinal) && !line.Contains("getppid", StringComparison.Ordinal)))
            {
                string id = line.Split(' ')[0];
                calls[id] = calls.GetValueOrDefault(id) + 1;
                injected++;
            }

            foreach (Operation operation in all)
            {
                if (calls.GetValueOrDefault($"{operation.ThreadId}") is var number and > Spinning)
                {
                    failures.Add($"{combination}: {operation.Name} spins: {number} calls failed");
                }
            }
        }
        else
        {
            Thread.Sleep(50);
            all.ForEach(operation => operation.Later?.Invoke());
            Array.ForEach(threads, thread => thread.Join());
        }

        operations += all.Count;
        foreach (Operation operation in all)
        {
            if (!IsDocumented(operation, parts))
            {
                failures.Add($"{combination}: {operation.Name}: {operation.Exception}");
            }

            try
            {
                operation.Verify(operation.Exception is null);
            }
            catch (Exception exception)
            {
                failures.Add($"{combination}: {operation.Name}: after {operation.Exception?.GetType().Name ?? "success"}: {exception}");
            }
        }

        OpenDescriptors.Settle();
        foreach ((int fd, string target) in (parts[0] == "close" ? OpenDescriptors.List() : OpenDescriptors.ListAgain(before)).Except(before))
        {
            // strace does not execute a call that it makes fail, so such a close(2) leaves the number open. The kernel's does not.
            if (parts[0] == "close")
            {
                _ = Unistd.Close(fd);
            }
            else if (combination.Length > 0)
            {
                failures.Add($"{combination}: {fd} {target} is left open");
            }
        }
    }

    private static bool IsDocumented(Operation operation, string[] parts) => operation.Exception switch
    {
        null => true,
        _ when parts.Length == 1 => operation.Exception is TimeoutException && operation.EndsByTimeout,
        SystemCallException exception => exception.ErrnoName == parts[1],
        // With waitForListener, connecting waits for a listener.
        TimeoutException when parts[0] == "connect" && parts[1] is "ENOENT" or "ECONNREFUSED" => true,
        TimeoutException => operation.EndsByTimeout || parts[1] is "EAGAIN" or "EINTR" or "ECONNABORTED",

        // The family or the type of the socket can't be determined.
        NotUnixSocketException => parts[0] == "getsockopt",
        _ => false,
    };

    private static List<Operation> Operations(TemporaryDirectory directory)
    {
        List<Operation> all = [];
        foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket, SocketType.Dgram])
        {
            Sending(all, $"send, {type}", type, 1, (socket, file) => DescriptorSender.Send(socket, Data, [file], Limit));
            Sending(all, $"try send, {type}", type, 1, TrySend);
            Sending(all, $"send each, {type}", type, 5, (socket, file) => DescriptorSender.SendEach(socket, Data, [file, file, file, file, file], Limit));
            Receiving(all, $"receive, {type}", type, socket => DescriptorReceiver.ReceiveMessage(socket, Limit)!.Dispose());
            Receiving(all, $"receive into a span, {type}", type, socket =>
                DescriptorReceiver.Receive(socket, new byte[8], Span<FileDescriptor>.Empty, Limit));
            Receiving(all, $"try receive, {type}", type, socket => TryReceive(socket));
            Receiving(all, $"receive a batch, {type}", type, ReceiveBatch);
            Waiting(all, $"wait for a message, {type}", type);
        }

        Sending(all, "send many", SocketType.Seqpacket, 2, (socket, file) =>
            DescriptorSender.Send(socket, Data, [.. Enumerable.Repeat(file, 300)], Limit));
        Sending(all, "send async", SocketType.Stream, 1, (socket, file) =>
            DescriptorSender.SendAsync(socket, Data, new[] { file }, Limit).AsTask().GetAwaiter().GetResult());
        Receiving(all, "receive async", SocketType.Seqpacket, socket =>
            DescriptorReceiver.ReceiveMessageAsync(socket, Limit).AsTask().GetAwaiter().GetResult()!.Dispose());
        Silent(all);
        Ending(all, SocketType.Stream);
        Ending(all, SocketType.Seqpacket);
        Full(all);
        Accepting(all, directory);
        Creating(all, directory);
        return all;
    }

    private static void Sending(List<Operation> all, string name, SocketType type, int messages, Action<SafeHandle, SafeHandle> send)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        FileDescriptor file = Some.File();
        all.Add(new Operation(name, () => send(left.SafeHandle, file.SafeHandle))
        {
            Verify = succeeded =>
            {
                int arrived = 0;
                while (ReceiveNow(right) is { } message)
                {
                    arrived++;
                    message.Dispose();
                }

                Assert.True(arrived == messages || (!succeeded && arrived < messages), $"{arrived} of {messages} messages arrived");
                DescriptorSender.Send(left.SafeHandle, Data, [file.SafeHandle], Patience.Long);
                using ReceivedMessage good = Some.Receive(right);
                Assert.Single(good.Descriptors);
                left.Dispose();
                right.Dispose();
                file.Dispose();
            },
        });
    }

    private static void Receiving(List<Operation> all, string name, SocketType type, Action<SafeHandle> receive)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using FileDescriptor file = Some.File();
        DescriptorSender.Send(left.SafeHandle, Data, [file.SafeHandle, file.SafeHandle, file.SafeHandle], Patience.Long);
        all.Add(new Operation(name, () => receive(right.SafeHandle))
        {
            Verify = succeeded =>
            {
                // The message was received, or it is still queued.
                using (ReceivedMessage? message = ReceiveNow(right))
                {
                    Assert.Equal(succeeded ? 0 : 3, message?.Descriptors.Count ?? 0);
                }

                left.Dispose();
                right.Dispose();
            },
        });
    }

    private static void Waiting(List<Operation> all, string name, SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        var source = new CancellationTokenSource();
        all.Add(new Operation(name, () => DescriptorReceiver.ReceiveMessage(right.SafeHandle, Limit, source.Token)!.Dispose())
        {
            Later = () => Some.Send(left, Data),
            Verify = succeeded =>
            {
                using (ReceivedMessage? message = ReceiveNow(right))
                {
                    Assert.Equal(succeeded, message is null);
                }

                left.Dispose();
                right.Dispose();
                source.Dispose();
            },
            EndsByTimeout = true,
        });
    }

    private static void Silent(List<Operation> all)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Seqpacket);
        all.Add(new Operation("wait in vain", () => DescriptorReceiver.ReceiveMessage(right.SafeHandle, Limit))
        {
            Verify = succeeded =>
            {
                Assert.False(succeeded);
                left.Dispose();
                right.Dispose();
            },
            EndsByTimeout = true,
        });
    }

    private static void Ending(List<Operation> all, SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        left.Dispose();
        bool isEnd = false;
        all.Add(new Operation($"receive the end, {type}", () => isEnd = DescriptorReceiver.ReceiveMessage(right.SafeHandle, Limit) is null)
        {
            Verify = succeeded =>
            {
                Assert.Equal(succeeded, isEnd);
                Assert.Null(DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long));
                right.Dispose();
            },
        });
    }

    private static void Full(List<Operation> all)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Seqpacket);
        FileDescriptor file = Some.File();
        int filled = 0;
        while (DescriptorSender.TrySend(left.SafeHandle, Data, [], out _))
        {
            filled++;
        }

        all.Add(new Operation("wait for space", () => DescriptorSender.Send(left.SafeHandle, Data, [file.SafeHandle], Limit))
        {
            Later = () =>
            {
                for (int i = 0; i < filled; i++)
                {
                    Raw.Receive(right, Data.Length, 0);
                }
            },
            Verify = succeeded =>
            {
                using (ReceivedMessage? message = ReceiveNow(right))
                {
                    Assert.Equal(succeeded, message is { Descriptors.Count: 1 });
                }

                left.Dispose();
                right.Dispose();
                file.Dispose();
            },
            EndsByTimeout = true,
        });
    }

    private static void Accepting(List<Operation> all, TemporaryDirectory directory)
    {
        foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket])
        {
            string path = directory.File($"accept-{type}");
            var address = UnixSocketAddress.FromPath(path);
            Socket listener = UnixSocketListener.Create(address, type);
            Socket pending = UnixSocket.Connect(address, type, Patience.Long);
            all.Add(new Operation($"accept, {type}", () => UnixSocket.Accept(listener.SafeHandle, Limit).Dispose())
            {
                Verify = succeeded =>
                {
                    // The pending connection is not lost, unless a call failed that creates a Socket from it.
                    using (FileDescriptor? connection = UnixSocket.TryAccept(listener.SafeHandle))
                    {
                        Assert.True(connection is null == succeeded || s_call is "getsockopt" or "fcntl", "The connection is lost.");
                    }

                    pending.Dispose();
                    listener.Dispose();
                },
            });

            var busy = UnixSocketAddress.FromPath(path + "-busy");
            Socket other = UnixSocketListener.Create(busy, type);
            all.Add(new Operation($"connect, {type}", () => UnixSocket.Connect(busy, type, Limit, waitForListener: true).Dispose())
            {
                Verify = _ =>
                {
                    UnixSocket.Connect(busy, type, Patience.Long).Dispose();
                    other.Dispose();
                },
            });
        }

        string later = directory.File("later");
        Socket? listening = null;
        all.Add(new Operation("wait for a listener", () => UnixSocket.Connect(
            UnixSocketAddress.FromPath(later), SocketType.Stream, Limit, waitForListener: true).Dispose())
        {
            Later = () => listening = UnixSocketListener.Create(UnixSocketAddress.FromPath(later)),
            Verify = _ => listening?.Dispose(),
            EndsByTimeout = true,
        });
    }

    private static void Creating(List<Operation> all, TemporaryDirectory directory)
    {
        string path = directory.File("created");
        all.Add(new Operation("create a pair", () =>
        {
            (Socket left, Socket right) = UnixSocket.CreatePair();
            left.Dispose();
            right.Dispose();
        }));
        all.Add(new Operation("create a listener", () => UnixSocketListener.Create(UnixSocketAddress.FromPath(path)).Dispose())
        {
            Verify = _ => Assert.False(File.Exists(path), "The socket's file is left."),
        });
        string file = directory.Write("file", "text");
        all.Add(new Operation("open", () => FileDescriptor.Open(file, new FileOpenOptions(), Limit).Dispose()));
        FileDescriptor open = Some.File();
        all.Add(new Operation("duplicate", () => open.Duplicate().Dispose()) { Verify = _ => open.Dispose() });
        all.Add(new Operation("create a memory file", () => FileDescriptor.CreateMemoryFile("m", Data).Dispose()));
    }

    private static void TrySend(SafeHandle socket, SafeHandle file)
    {
        if (!DescriptorSender.TrySend(socket, Data, [file], out _))
        {
            throw new TimeoutException("The queue is full.");
        }
    }

    private static void TryReceive(SafeHandle socket)
    {
        var descriptors = new FileDescriptor[3];
        if (!DescriptorReceiver.TryReceive(socket, new byte[8], descriptors, peek: false, out _))
        {
            throw new TimeoutException("The queue is empty.");
        }

        Array.ForEach(descriptors, descriptor => descriptor.Dispose());
    }

    private static void ReceiveBatch(SafeHandle socket)
    {
        int[] numbers = new int[3];
        int count = DescriptorReceiver.ReceiveNumbers(socket, new byte[8], numbers, new ReceiveResult[2], Limit);
        Assert.Equal(1, count);
        Closing.CloseAll(numbers);
    }

    private static ReceivedMessage? ReceiveNow(Socket socket)
    {
        try
        {
            return DescriptorReceiver.ReceiveMessage(socket.SafeHandle, Patience.None);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int GetPPid();

    /// <summary>An operation that a thread runs while its system calls fail.</summary>
    private sealed class Operation(string name, Action run)
    {
        private volatile int _threadId;
        private volatile bool _isAttached;

        public string Name => name;

        /// <summary>Gets the action that another thread runs during the operation.</summary>
        public Action? Later { get; init; }

        /// <summary>Gets the check that runs afterwards, when calls no longer fail, and that closes everything.</summary>
        public Action<bool> Verify { get; init; } = static _ => { };

        /// <summary>Gets a value indicating whether the operation waits for something that can arrive too late.</summary>
        public bool EndsByTimeout { get; init; }

        public int ThreadId => _threadId;

        public bool IsAttached => _isAttached;

        public Exception? Exception { get; private set; }

        public Thread Start(ManualResetEventSlim? go)
        {
            var thread = new Thread(() =>
            {
                _threadId = Libc.GetTid();
                while (go is not null && GetPPid() != Attached)
                {
                    Thread.Sleep(5);
                }

                _isAttached = true;
                go?.Wait();
                try
                {
                    run();
                }
                catch (Exception exception)
                {
                    Exception = exception;
                }
            })
            { IsBackground = true };
            thread.Start();
            return thread;
        }
    }
}
