using System.Net.Sockets;
using PSFdPass.Handles;

namespace PSFdPass.Tests;

/// <summary>
/// With tests/peers/hostile.py at the other end, a receiver with a deadline survives each mode of that program in each way of
/// receiving. It leaves nothing open, does not spin, and receives the good message that follows.
/// </summary>
[Trait("Category", "Campaign")]
public sealed class HostilePeerCampaign : IDisposable
{
    private const int EndlessMessages = 200;

    private static readonly string[] Modes =
        ["unwanted", "endless", "silent", "half", "stopped", "closed", "itself", "both", "cycles", "urgent"];

    // A wait of this length uses hardly any processor time.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(300);

    private readonly TemporaryDirectory _directory = new();

    private enum Way
    {
        Message,
        Async,
        Objects,
        Batch,
    }

    public static TheoryData<string, SocketType> ModesAndTypes()
    {
        var data = new TheoryData<string, SocketType>();
        foreach (string mode in Modes)
        {
            data.Add(mode, SocketType.Stream);
            data.Add(mode, SocketType.Seqpacket);
            if (mode is "unwanted" or "endless" or "silent" or "itself" or "cycles")
            {
                data.Add(mode, SocketType.Dgram);
            }
        }

        return data;
    }

    public void Dispose() => _directory.Dispose();

    [LinuxTheory]
    [MemberData(nameof(ModesAndTypes))]
    public void A_receiver_with_a_deadline_survives(string mode, SocketType type)
    {
        using var campaign = new Campaign($"hostile peer, {mode}, {type}");
        Way[] ways = Enum.GetValues<Way>();
        var counts = new Counts();
        for (int round = 0; round < Campaign.Scale; round++)
        {
            // The short form uses one way for each mode, in turn.
            foreach (Way way in Campaign.Scale > 1 ? ways : [ways[(Array.IndexOf(Modes, mode) + (int)type) % ways.Length]])
            {
                if (round == 0)
                {
                    // Loads everything, and starts the thread that serves asynchronous waits.
                    Play("silent", type, way, new Counts());
                }

                Dictionary<int, string> before = OpenDescriptors.ListSettled();
                Play(mode, type, way, counts);
                Assert.Equal(before.Values.Order(), OpenDescriptors.ListAgain(before).Values.Order());
            }
        }

        campaign.Count("programs", counts.Programs);
        campaign.Count("messages", counts.Messages);
        campaign.Count("unwanted descriptors closed", counts.Descriptors);
        campaign.Count("good messages", counts.Good);
        campaign.Count("lost", counts.Expected - counts.Good);
        Assert.Equal(counts.Expected, counts.Good);
    }

    private void Play(string mode, SocketType type, Way way, Counts counts)
    {
        string path = _directory.File("hostile");
        var address = UnixSocketAddress.FromPath(path);
        using Socket listener = UnixSocketListener.Create(address, type);
        using (Program peer = Program.Start(
            "python3", "-B", Path.Combine(Repository.Root, "tests", "peers", "hostile.py"), mode, path, Name(type)))
        {
            counts.Programs++;
            if (type == SocketType.Dgram)
            {
                Serve(mode, listener, way, counts, peer);
            }
            else
            {
                // A good message arrives on two of the seven connections that are closed.
                int connections = mode == "closed" ? 7 : 1;
                counts.Expected += mode == "closed" ? 2 : 0;
                for (int i = 0; i < connections; i++)
                {
                    using Socket connection = UnixSocket.Accept(listener.SafeHandle, Patience.Long);
                    Serve(mode, connection, way, counts, peer);
                }
            }

            if (mode is "urgent" or "closed")
            {
                peer.Finish().Succeeded();
            }
        }

        // Whatever the hostile peer did, the next client is served.
        ServeNext(listener, address, type, counts);
    }

    private static void Serve(string mode, Socket socket, Way way, Counts counts, Program peer)
    {
        switch (mode)
        {
            case "silent":
                StaysQuiet(socket, way);
                break;
            case "endless":
                for (int i = 0; i < EndlessMessages; i++)
                {
                    Assert.True(Receive(socket, way, Patience.Long, counts));
                    Assert.Equal(0, counts.LastDescriptors);
                }

                break;
            case "half":
                // The incomplete message arrives, and then the end. A batch would contain both.
                way = way == Way.Batch ? Way.Message : way;
                Assert.True(Receive(socket, way, Patience.Long, counts));
                Assert.Equal("goo", counts.LastText);
                Assert.False(Receive(socket, way, Patience.Long, counts));
                break;
            case "stopped":
                counts.Expected += 2;
                ReceiveUntilGood(socket, way, counts);
                StaysQuiet(socket, way);
                Assert.Equal(0, Libc.Kill(peer.Id, Libc.SIGCONT));
                ReceiveUntilGood(socket, way, counts);
                break;
            case "closed":
                SendSomething(socket);
                while (ReceiveToTheEnd(socket, way, counts))
                {
                }

                break;
            case "urgent":
                counts.Expected++;
                ReceiveUntilGood(socket, way, counts);

                // Only an out-of-band byte is left, which is not a message.
                StaysQuiet(socket, way, orReceives: true);
                break;
            default:
                counts.Expected++;
                ReceiveUntilGood(socket, way, counts);
                break;
        }
    }

    private static void ServeNext(Socket listener, UnixSocketAddress address, SocketType type, Counts counts)
    {
        using FileDescriptor file = Some.File();
        using Socket client = UnixSocket.Connect(address, type, Patience.Long);
        counts.Expected++;
        if (type == SocketType.Dgram)
        {
            // Messages that the hostile peer has left in the queue arrive first.
            var sending = new Thread(() => DescriptorSender.Send(client.SafeHandle, "good"u8, [file.SafeHandle], Patience.Long));
            sending.Start();
            ReceiveUntilGood(listener, Way.Message, counts);
            sending.Join();
            return;
        }

        DescriptorSender.Send(client.SafeHandle, "good"u8, [file.SafeHandle], Patience.Long);
        using Socket server = UnixSocket.Accept(listener.SafeHandle, Patience.Long);
        ReceiveUntilGood(server, Way.Message, counts);
    }

    private static void ReceiveUntilGood(Socket socket, Way way, Counts counts)
    {
        int good = counts.Good;
        while (counts.Good == good)
        {
            // A batch can contain both the message and the end.
            Assert.True(
                Receive(socket, way, Patience.Long, counts) || counts.Good > good, "The connection ended before the good message.");
        }
    }

    // ECONNRESET reports that the peer closed with unread data. The next call returns the data or the end.
    private static bool ReceiveToTheEnd(Socket socket, Way way, Counts counts)
    {
        try
        {
            return Receive(socket, way, Patience.Long, counts);
        }
        catch (SystemCallException exception) when (exception.ErrnoName == "ECONNRESET")
        {
            return true;
        }
    }

    private static void SendSomething(Socket socket)
    {
        try
        {
            DescriptorSender.SendNumbers(socket.SafeHandle, "unread"u8, ReadOnlySpan<int>.Empty, Patience.Long);
        }
        catch (SystemCallException exception) when (exception.ErrnoName is "EPIPE" or "ECONNRESET" or "ENOTCONN")
        {
        }
    }

    private static void StaysQuiet(Socket socket, Way way, bool orReceives = false)
    {
        TimeSpan time = ThreadTime.Of(() =>
        {
            Exception? exception = Record.Exception(() => Receive(socket, way, Quiet, new Counts()));
            Assert.True(exception is TimeoutException || (orReceives && exception is null), exception?.ToString() ?? "A message arrived.");
        });
        Assert.True(time < Quiet / 2, $"The wait used {time.TotalMilliseconds} ms of processor time.");
    }

    // Returns false at the end of the connection.
    private static bool Receive(Socket socket, Way way, TimeSpan timeout, Counts counts)
    {
        switch (way)
        {
            case Way.Message:
                return counts.Take(DescriptorReceiver.ReceiveMessage(socket.SafeHandle, timeout));
            case Way.Async:
                return counts.Take(DescriptorReceiver.ReceiveMessageAsync(socket.SafeHandle, timeout).AsTask().GetAwaiter().GetResult());
            case Way.Objects:
                // There is space for two descriptors only. The others are closed.
                byte[] buffer = new byte[8192];
                var descriptors = new FileDescriptor[2];
                ReceiveResult result = DescriptorReceiver.Receive(socket.SafeHandle, buffer, descriptors, timeout);
                Array.ForEach(descriptors, descriptor => descriptor?.Dispose());
                return counts.Take(result, buffer.AsSpan(0, result.Bytes));
            default:
                byte[] space = new byte[4 * 8192];
                int[] numbers = new int[300];
                var results = new ReceiveResult[4];
                int count = DescriptorReceiver.ReceiveNumbers(socket.SafeHandle, space, numbers, results, timeout);
                Closing.CloseAll(numbers.AsSpan(0, results.Take(count).Sum(result => result.Descriptors)));
                bool isOpen = true;
                for (int i = 0; i < count; i++)
                {
                    isOpen = counts.Take(results[i], space.AsSpan(i * 8192, results[i].Bytes));
                }

                return isOpen;
        }
    }

    private static string Name(SocketType type) =>
        type switch { SocketType.Stream => "stream", SocketType.Seqpacket => "seqpacket", _ => "datagram" };

    private sealed class Counts
    {
        public int Programs { get; set; }

        public int Messages { get; private set; }

        public int Descriptors { get; private set; }

        public int Good { get; private set; }

        public int Expected { get; set; }

        public int LastDescriptors { get; private set; }

        public string LastText { get; private set; } = "";

        public bool Take(ReceivedMessage? message)
        {
            using (message)
            {
                return message is not null && Take(message.Data, message.Descriptors.Count);
            }
        }

        public bool Take(ReceiveResult result, ReadOnlySpan<byte> data) =>
            !result.IsEndOfStream && Take(data, result.Descriptors + result.DescriptorsClosed);

        private bool Take(ReadOnlySpan<byte> data, int descriptors)
        {
            Messages++;
            LastDescriptors = descriptors;
            LastText = System.Text.Encoding.ASCII.GetString(data);

            // On a stream, the bytes of an earlier message without a descriptor can precede it.
            bool isGood = LastText.EndsWith("good", StringComparison.Ordinal) && descriptors == 1;
            Good += isGood ? 1 : 0;
            Descriptors += isGood ? 0 : descriptors;
            return true;
        }
    }
}
