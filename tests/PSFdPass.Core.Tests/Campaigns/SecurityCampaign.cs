using System.Globalization;
using System.Net.Sockets;
using System.Text;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Tests.Echo;
using PSFdPass.Tests.Processes;

namespace PSFdPass.Tests;

/// <summary>
/// Other users at each end, paths that are swapped and renamed at any moment, contenders for one path, names with control characters,
/// and children that must inherit only the named descriptors.
/// </summary>
[Trait("Category", "Campaign")]
[Collection(ChildProgram.Collection)]
public sealed class SecurityCampaign : IDisposable
{
    private const uint Nobody = 65534;
    private const string Precious = "precious";
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [RootFact]
    public void Another_user_is_recognized_at_each_end()
    {
        using var campaign = new Campaign("security, foreign users");
        int rounds = 50 * Campaign.Scale;
        File.SetUnixFileMode(_directory.Path, (UnixFileMode)0b111_111_111);
        int foreign = 0;
        foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket])
        {
            using Socket closed = UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File($"closed-{type}")), type);
            using Socket open = UnixSocketListener.Create(
                UnixSocketAddress.FromPath(_directory.File($"open-{type}")), type, mode: (UnixFileMode)0b110_110_110);
            using Program other = Program.Start(Child.Command(BeForeign, $"{_directory.Path};{type};{rounds}"));
            for (int round = 0; round < rounds; round++)
            {
                // The listener sees who connects.
                using Socket server = UnixSocket.Accept(open.SafeHandle, Patience.Long);
                using (var peer = UnixSocketPeer.Of(server.SafeHandle))
                {
                    Assert.Equal((Nobody, other.Id), (peer.UserId, peer.ProcessId));
                }

                // The client sees who listens, and sends nothing to a listener of another user.
                // The other process listens before it connects.
                var address = UnixSocketAddress.FromPath(_directory.File($"foreign-{type}"));
                Assert.Throws<UnauthorizedAccessException>(
                    () => UnixSocket.Connect(address, type, Patience.Long, requiredUsers: new HashSet<uint> { 0 }));
                UnixSocket.Connect(address, type, Patience.Long, requiredUsers: new HashSet<uint> { 0, Nobody }).Dispose();
                foreign += 3;
            }

            other.Finish().Succeeded();
            Assert.False(closed.Poll(0, SelectMode.SelectRead), "Another user has connected.");
        }

        campaign.Count("foreign connections", foreign);
        campaign.Count("not recognized", 0);
    }

    private static void BeForeign()
    {
        string[] arguments = Child.Argument.Split(';');
        Assert.True(Libc.BecomeNobody());
        SocketType type = Enum.Parse<SocketType>(arguments[1]);
        UnixSocketAddress At(string name) => UnixSocketAddress.FromPath(Path.Combine(arguments[0], $"{name}-{type}"));
        using Socket foreign = UnixSocketListener.Create(At("foreign"), type, mode: (UnixFileMode)0b110_110_110);
        for (int round = 0; round < int.Parse(arguments[2], CultureInfo.InvariantCulture); round++)
        {
            Assert.Equal("EACCES", Assert.Throws<SystemCallException>(() => UnixSocket.Connect(At("closed"), type, Patience.Long)).ErrnoName);
            using Socket client = UnixSocket.Connect(At("open"), type, Patience.Long, requiredUsers: new HashSet<uint> { 0 });
            for (int refused = 0; refused < 2; refused++)
            {
                using Socket server = UnixSocket.Accept(foreign.SafeHandle, Patience.Long);
                Assert.Null(DescriptorReceiver.ReceiveMessage(server.SafeHandle, Patience.Long));
            }
        }
    }

    [RootFact]
    public void A_connection_goes_to_the_required_user_while_the_link_is_swapped()
    {
        using var campaign = new Campaign("security, swapped listeners");
        File.SetUnixFileMode(_directory.Path, (UnixFileMode)0b111_111_111);
        using Socket mine = UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("mine")), backlog: 4096);
        using Program other = Program.Start(Child.Command(AcceptAll, _directory.File("foreign")));
        UnixSocket.Connect(
            UnixSocketAddress.FromPath(_directory.File("foreign")), SocketType.Stream, Patience.Long, waitForListener: true).Dispose();
        using var stop = new CancellationTokenSource();
        Task swapping = Task.Factory.StartNew(() => Swap(stop.Token, "mine", "foreign"), TaskCreationOptions.LongRunning);
        Patience.Until(() => File.Exists(_directory.File("s")), "the link is there");
        int connected = 0;
        int refused = 0;
        while (connected + refused < 500 * Campaign.Scale || connected == 0 || refused == 0)
        {
            try
            {
                using Socket client = UnixSocket.Connect(
                    UnixSocketAddress.FromPath(_directory.File("s")), SocketType.Stream, Patience.Long, requiredUsers: new HashSet<uint> { 0 });
                Some.Send(client, "secret"u8);
                connected++;
                using Socket server = UnixSocket.Accept(mine.SafeHandle, Patience.Long);
                using ReceivedMessage message = Some.Receive(server);
                Assert.Equal("secret"u8, message.Data);
            }
            catch (UnauthorizedAccessException)
            {
                refused++;
            }
        }

        stop.Cancel();
        swapping.Wait(Patience.Long);
        other.Finish().Succeeded();
        campaign.Count("connections", connected);
        campaign.Count("refused", refused);
        campaign.Count("to another user", 0);
    }

    // Fails when a client sends something. Ends at the end of its standard input.
    private static void AcceptAll()
    {
        Assert.True(Libc.BecomeNobody());
        using Socket foreign = UnixSocketListener.Create(
            UnixSocketAddress.FromPath(Child.Argument), backlog: 4096, mode: (UnixFileMode)0b110_110_110);
        using var stop = new CancellationTokenSource();
        _ = Console.OpenStandardInput().CopyToAsync(Stream.Null).ContinueWith(_ => stop.Cancel(), TaskScheduler.Default);
        try
        {
            while (true)
            {
                using Socket server = UnixSocket.Accept(foreign.SafeHandle, Timeout.InfiniteTimeSpan, stop.Token);
                Assert.Null(DescriptorReceiver.ReceiveMessage(server.SafeHandle, Patience.Long));
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    [LinuxFact]
    public void Files_of_others_keep_their_content_and_mode_while_a_path_is_swapped() => Child.Run(SwapWhileListening, _directory.Path);

    private static void SwapWhileListening()
    {
        using var campaign = new Campaign("security, swapped paths");
        string folder = Child.Argument;
        string path = Path.Combine(folder, "s");
        string precious = Path.Combine(folder, Precious);
        File.WriteAllText(precious, Precious);
        File.SetUnixFileMode(precious, UnixSocketListener.DefaultMode);
        using UnixSocketListener other = UnixSocketListener.Create(UnixSocketAddress.FromPath(Path.Combine(folder, "other")));

        // With this umask, the mode must be set after bind(2), by the path.
        _ = Libc.UMask(0b000_111_111);
        using var stop = new CancellationTokenSource();
        Task swapping = Task.Factory.StartNew(() => SwapIn(folder, stop.Token, Precious, "other"), TaskCreationOptions.LongRunning);
        int created = 0;
        int refused = 0;
        for (int round = 0; round < 300 * Campaign.Scale; round++)
        {
            try
            {
                using var listener = UnixSocketListener.Create(
                    UnixSocketAddress.FromPath(path), mode: (UnixFileMode)0b110_110_110, replaceStale: round % 2 == 0);
                created++;
                Thread.Yield();
            }
            catch (SystemCallException)
            {
                refused++;
            }

            Assert.Equal((Precious, UnixSocketListener.DefaultMode), (File.ReadAllText(precious), File.GetUnixFileMode(precious)));
            Assert.Equal(UnixSocketListener.DefaultMode, File.GetUnixFileMode(other.Address.Name));
        }

        stop.Cancel();
        swapping.Wait(Patience.Long);
        using Socket client = UnixSocket.Connect(other.Address);
        campaign.Count("listeners", created);
        campaign.Count("refused", refused);
        campaign.Count("files of others changed", 0);
    }

    [LinuxFact]
    public void A_listener_removes_nothing_but_its_own_socket()
    {
        using var campaign = new Campaign("security, renamed sockets");
        var random = new Random(1);
        string path = _directory.File("s");
        int rounds = 200 * Campaign.Scale;
        for (int round = 0; round < rounds; round++)
        {
            UnixSocketListener listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(path));
            string moved = _directory.File("moved");
            File.Move(path, moved);
            Socket? other = null;
            switch (random.Next(4))
            {
                case 0:
                    File.WriteAllText(path, Precious);
                    break;
                case 1:
                    File.CreateSymbolicLink(path, moved);
                    break;
                case 2:
                    other = UnixSocketListener.Create(UnixSocketAddress.FromPath(path));
                    break;
                default:
                    Directory.CreateDirectory(path);
                    break;
            }

            listener.Dispose();
            Assert.True(Path.Exists(path) && Path.Exists(moved), "The listener removed a file that is not its own.");
            if (other is not null)
            {
                using (Socket client = UnixSocket.Connect(UnixSocketAddress.FromPath(path)))
                {
                    Assert.True(client.Connected);
                }

                other.Dispose();
                Assert.False(Path.Exists(path));
            }
            else if (Directory.Exists(path) && new FileInfo(path).LinkTarget is null)
            {
                Directory.Delete(path);
            }
            else
            {
                File.Delete(path);
            }

            File.Delete(moved);
        }

        campaign.Count("listeners", rounds);
        campaign.Count("files of others removed", 0);
    }

    [UnixDiagFact]
    public void Exactly_one_of_several_processes_replaces_a_stale_socket()
    {
        const int Contenders = 3;
        using var campaign = new Campaign("security, contenders");
        int rounds = 40 * Campaign.Scale;
        var address = UnixSocketAddress.FromPath(_directory.File("s"));
        using Socket start = UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("start")));
        Program[] programs = [.. Enumerable.Range(0, Contenders).Select(_ => Program.Start(Child.Command(Contend, _directory.Path)))];
        Socket[] links = [.. programs.Select(_ => UnixSocket.Accept(start.SafeHandle, Patience.Long))];
        for (int round = 0; round < rounds; round++)
        {
            if (!File.Exists(address.Name))
            {
                UnixSocketListener stale = UnixSocketListener.Create(address);
                Closing.Release(stale.SafeHandle);
                stale.Dispose();
            }

            Array.ForEach(links, link => Some.Send(link, [1]));
            int winners = links.Sum(link =>
            {
                using ReceivedMessage message = Some.Receive(link);
                return message.Data[0];
            });
            Assert.Equal(1, winners);
            using (Socket client = UnixSocket.Connect(address))
            {
                Assert.True(client.Connected);
            }

            // Every other time the winner leaves a stale socket for the next round.
            Array.ForEach(links, link => Some.Send(link, [(byte)(round % 2)]));
            Array.ForEach(links, link => Some.Receive(link).Dispose());
        }

        Array.ForEach(links, link => link.Dispose());
        foreach (Program program in programs)
        {
            program.Finish().Succeeded();
            program.Dispose();
        }

        campaign.Count("rounds", rounds);
        campaign.Count("contenders", Contenders);
        campaign.Count("rounds with two winners or none", 0);
    }

    private static void Contend()
    {
        var address = UnixSocketAddress.FromPath(Path.Combine(Child.Argument, "s"));
        using Socket link = UnixSocket.Connect(UnixSocketAddress.FromPath(Path.Combine(Child.Argument, "start")));
        while (DescriptorReceiver.ReceiveMessage(link.SafeHandle, Timeout.InfiniteTimeSpan) is { } go)
        {
            go.Dispose();
            UnixSocketListener? listener = null;
            try
            {
                listener = UnixSocketListener.Create(address, replaceStale: true);
            }
            catch (SystemCallException exception) when (exception.ErrnoName == "EADDRINUSE")
            {
            }

            Some.Send(link, [(byte)(listener is null ? 0 : 1)]);
            using (ReceivedMessage how = Some.Receive(link))
            {
                if (how.Data[0] == 1 && listener is not null)
                {
                    Closing.Release(listener.SafeHandle);
                }
            }

            listener?.Dispose();
            Some.Send(link, [0]);
        }
    }

    [LinuxFact]
    public void No_text_contains_control_or_format_characters()
    {
        using var campaign = new Campaign("security, names");
        int rounds = 20 * Campaign.Scale;
        int texts = 0;
        for (int round = 0; round < rounds; round++)
        {
            string name = HostileName(new Random(round));
            UnixSocketAddress path = UnixSocketAddress.FromPath(_directory.File(name));
            UnixSocketAddress abstractName = UnixSocketAddress.FromAbstractName(_directory.Path + name);
            foreach (UnixSocketAddress address in (UnixSocketAddress[])[path, abstractName])
            {
                List<string> all = [Message(() => UnixSocket.Connect(address))];
                using (UnixSocketListener listener = UnixSocketListener.Create(address))
                using (Socket client = UnixSocket.Connect(address))
                using (Socket server = UnixSocket.Accept(listener.SafeHandle, Patience.Long))
                {
                    all.Add(Message(() => UnixSocketListener.Create(address)));
                    all.Add(Message(() => UnixSocketListener.Create(address, replaceStale: true)));
                    var inspector = new DescriptorInspector();
                    all.AddRange(new[] { listener, client, server }.Select(
                        socket => inspector.Describe(Environment.ProcessId, (int)socket.Handle)!.ToString()));
                    if (UnixDiag.WhyNot is null)
                    {
                        all.Add(inspector.FindUnixSocket(address)!.ToString());
                    }

                    using FileDescriptor duplicate = FileDescriptor.Duplicate((int)client.Handle);
                    all.Add(duplicate.ToString());
                }

                foreach (string text in all)
                {
                    texts++;
                    Assert.True(
                        text.EnumerateRunes().All(rune => Rune.GetUnicodeCategory(rune) is not (
                            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)),
                        $"Round {round}: {Uri.EscapeDataString(text)}");
                }
            }
        }

        campaign.Count("texts", texts);
        campaign.Count("with control characters", 0);

        static string Message(Func<Socket> call) => Assert.Throws<SystemCallException>(() => call()).Message;
    }

    [LinuxFact]
    public void A_child_inherits_only_named_descriptors_while_other_threads_open_more()
    {
        using var campaign = new Campaign("security, children");
        var random = new Random(1);
        int rounds = 30 * Campaign.Scale;
        using FileDescriptor file = Some.File();
        using var stop = new CancellationTokenSource();
        Task[] opening = [.. Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
            () =>
            {
                // Without close-on-exec, at low and high numbers.
                while (!stop.IsCancellationRequested)
                {
                    int[] inheritable = [Libc.Dup(file.Fd), Fcntl.Control(file.Fd, 0, 300)];
                    Thread.Yield();
                    Closing.CloseAll(inheritable);
                }
            },
            TaskCreationOptions.LongRunning))];
        for (int round = 0; round < rounds; round++)
        {
            FdProcessStartInfo start = ChildProgram.Start("report");
            int[] numbers = [.. Enumerable.Range(0, random.Next(5)).Select(_ => random.Next(3, 400)).Distinct()];
            foreach (int number in numbers)
            {
                start.Descriptors[number] = file.SafeHandle;
            }

            Report report = ChildProgram.Report(start);
            Assert.Equal(numbers.Concat([0, 1, 2]).Order(), report.Descriptors.Keys.Order());
        }

        stop.Cancel();
        Task.WaitAll(opening);
        campaign.Count("children", rounds);
        campaign.Count("inherited without being named", 0);
    }

    private static string HostileName(Random random)
    {
        int[] hostile = [0x1b, 0x07, 0x0a, 0x0d, 0x7f, 0x9b, 0x200b, 0x202e, 0x2066, 0x2028, 0xfeff, 0xad, 0xe0001];
        var name = new StringBuilder("n");
        for (int i = 0; i < 6; i++)
        {
            name.Append(new Rune(random.Next(2) == 0 ? hostile[random.Next(hostile.Length)] : random.Next('a', 'z')));
        }

        return name.ToString();
    }

    private void Swap(CancellationToken stop, params string[] targets) => SwapIn(_directory.Path, stop, targets);

    // Makes the path "s" a link to each target in turn, at once or with a time in between when the path does not exist.
    private static void SwapIn(string folder, CancellationToken stop, params string[] targets)
    {
        string path = Path.Combine(folder, "s");
        string next = Path.Combine(folder, "next");
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            File.CreateSymbolicLink(next, Path.Combine(folder, targets[i % targets.Length]));
            File.Move(next, path, overwrite: true);
            if (targets.Contains(Precious))
            {
                Thread.Yield();
                File.Delete(path);
                Thread.Yield();
            }
        }
    }
}
