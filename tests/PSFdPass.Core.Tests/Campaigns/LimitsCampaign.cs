using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>
/// At each limit of an ordinary user, the documented exception is thrown, nothing leaks, and the socket can be used afterwards. The
/// tests run in child processes, which drop root's privileges.
/// </summary>
[Trait("Category", "Campaign")]
public sealed class LimitsCampaign
{
    private const int Rounds = 20;
    private static readonly byte[] Data = [1, 2, 3];

    [LinuxFact]
    public void A_full_descriptor_table_leaves_the_socket_usable() => Run("full table", FullTables, 6 * 3);

    [LinuxFact]
    public void Too_many_descriptors_in_flight_leave_the_socket_usable() => Run("too many in flight", TooManyInFlight, 3);

    [LinuxFact]
    public void Full_buffers_leave_the_socket_usable() => Run("full buffers", FullBuffers, 4 * 3);

    [LinuxFact]
    public void Unusable_paths_and_refused_users_leave_the_listener_usable() => Run("refused paths and users", Refusals, 5);

    private static void Run(string name, Action method, int limitsInARound)
    {
        using var campaign = new Campaign($"limits, {name}");
        int rounds = Rounds * Campaign.Scale;
        using var directory = new TemporaryDirectory();
        Child.Run(method, $"{rounds};{directory.Path}");
        campaign.Count("limits reached", (long)rounds * limitsInARound);
        campaign.Count("leaked", 0);
    }

    internal static void FullTables()
    {
        Libc.BecomeNobody();
        using FileDescriptor file = Some.File();
        var random = new Random(1);
        foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket, SocketType.Dgram])
        {
            (Socket left, Socket right) = UnixSocket.CreatePair(type);

            // Everything that runs with a full table is loaded before, because loading needs descriptors.
            FullTable.WarmUp();
            RoundWithFullTable(left, right, file, free: 40);
            int before = FullTable.OpenCount();
            for (int round = 0; round < RoundsFromArgument(); round++)
            {
                RoundWithFullTable(left, right, file, free: random.Next(8));
                Assert.Equal(before, FullTable.OpenCount());
            }

            left.Dispose();
            right.Dispose();
        }
    }

    internal static void TooManyInFlight()
    {
        using FileDescriptor file = Some.File();
        Libc.LimitOpenFiles(64);
        Libc.BecomeNobody();
        Assert.NotEqual(0u, Unistd.GetEUid());
        foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket, SocketType.Dgram])
        {
            (Socket left, Socket right) = UnixSocket.CreatePair(type);
            Assert.True(UnixSocket.SetSendBuffer(left.SafeHandle, 1 << 18) > 0);
            Dictionary<int, string>? before = null;
            for (int round = 0; round < RoundsFromArgument(); round++)
            {
                // One in each message, ten in each message, or in batches, of which the last is sent in part.
                int sent = 0;
                SystemCallException? refused = null;
                for (int i = 0; i < 200 && refused is null; i++)
                {
                    try
                    {
                        switch (round % 3)
                        {
                            case 0:
                                DescriptorSender.Send(left.SafeHandle, Data, [file.SafeHandle], Patience.None);
                                break;
                            case 1:
                                DescriptorSender.Send(left.SafeHandle, Data, [.. Enumerable.Repeat(file.SafeHandle, 10)], Patience.None);
                                break;
                            default:
                                DescriptorSender.SendEach(left.SafeHandle, Data, [.. Enumerable.Repeat(file.SafeHandle, 50)], Patience.None);
                                break;
                        }

                        sent++;
                    }
                    catch (SystemCallException exception)
                    {
                        refused = exception;
                    }
                    catch (SendTimeoutException) when (type == SocketType.Dgram)
                    {
                        // The queue of a datagram socket holds fewer messages (net.unix.max_dgram_qlen).
                        break;
                    }
                }

                if (type != SocketType.Dgram || round % 3 == 1)
                {
                    Assert.Equal("ETOOMANYREFS", refused?.ErrnoName);
                }

                int arrived = DrainDescriptors(right);
                int[] each = [1, 10, 50];
                Assert.InRange(arrived, sent * each[round % 3], (sent + 1) * each[round % 3]);

                // Sending works again as soon as the receiver has caught up.
                IsUsable(left, right, file);
                before ??= OpenDescriptors.List();
                NothingIsLeft(before);
            }

            left.Dispose();
            right.Dispose();
        }
    }

    internal static void FullBuffers()
    {
        Libc.BecomeNobody();
        using FileDescriptor file = Some.File();
        SafeHandle[] many = [.. Enumerable.Repeat(file.SafeHandle, 600)];
        byte[] large = new byte[4 << 20];
        foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket, SocketType.Dgram])
        {
            (Socket left, Socket right) = UnixSocket.CreatePair(type);
            StartPoller(left);
            IsUsable(left, right, file);
            Dictionary<int, string> before = OpenDescriptors.List();
            for (int round = 0; round < RoundsFromArgument(); round++)
            {
                // No space at all.
                int filled = Fill(left);
                SendTimeoutException none = Assert.Throws<SendTimeoutException>(
                    () => DescriptorSender.Send(left.SafeHandle, Data, [file.SafeHandle], Patience.None));
                Assert.Equal((0, 0, 0), (none.MessagesSent, none.DescriptorsSent, none.BytesSent));
                Assert.False(DescriptorSender.TrySend(left.SafeHandle, Data, [file.SafeHandle], out _));
                using (var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(2)))
                {
                    Assert.ThrowsAny<OperationCanceledException>(() => DescriptorSender.SendAsync(
                        left.SafeHandle, Data, new SafeHandle[] { file.SafeHandle }, Patience.Long, source.Token).AsTask().GetAwaiter().GetResult());
                }

                Assert.Equal(0, DrainDescriptors(right, filled));

                // Space for a part. The exception reports the number of bytes that arrive.
                if (type == SocketType.Stream)
                {
                    SendTimeoutException part = Assert.Throws<SendTimeoutException>(
                        () => DescriptorSender.Send(left.SafeHandle, large, [file.SafeHandle], Patience.None));
                    Assert.Equal(1, part.DescriptorsSent);
                    Assert.InRange(part.BytesSent, 1, large.Length - 1);
                    Assert.Equal(1, DrainDescriptors(right, part.BytesSent));
                }
                else
                {
                    // A packet that can never be sent.
                    SystemCallException tooLong = Assert.Throws<SystemCallException>(
                        () => DescriptorSender.Send(left.SafeHandle, large, [file.SafeHandle], Patience.Long));
                    Assert.Equal("EMSGSIZE", tooLong.ErrnoName);
                }

                // More messages in one call than there is space for, and fewer than RLIMIT_NOFILE.
                SendTimeoutException some = Assert.Throws<SendTimeoutException>(
                    () => DescriptorSender.SendEach(left.SafeHandle, Data, many, Patience.None));
                Assert.InRange(some.DescriptorsSent, 1, many.Length - 1);
                Assert.Equal(some.DescriptorsSent, DrainDescriptors(right, some.BytesSent));
                IsUsable(left, right, file);
                NothingIsLeft(before);
            }

            left.Dispose();
            right.Dispose();
        }
    }

    internal static void Refusals()
    {
        string directory = Child.Argument.Split(';')[1];
        File.SetUnixFileMode(directory, (UnixFileMode)0b111_111_111);
        using FileDescriptor file = Some.File();

        // root's listener for root alone, and one for everybody.
        var closed = UnixSocketAddress.FromPath(Path.Combine(directory, "closed"));
        var open = UnixSocketAddress.FromPath(Path.Combine(directory, "open"));
        using Socket foreign = UnixSocketListener.Create(closed);
        using Socket public1 = UnixSocketListener.Create(open, mode: (UnixFileMode)0b110_110_110);
        uint owner = Unistd.GetEUid();
        bool isOther = Libc.BecomeNobody();
        Dictionary<int, string>? before = null;
        for (int round = 0; round < RoundsFromArgument(); round++)
        {
            var tooLong = UnixSocketAddress.FromPath(Path.Combine(directory, new string('x', 200)));
            Assert.Equal("ENAMETOOLONG", Refused(() => UnixSocketListener.Create(tooLong)));
            Assert.Equal("ENAMETOOLONG", Refused(() => UnixSocket.Connect(tooLong, SocketType.Stream, Patience.Long)));
            Assert.Equal("ENOENT", Refused(() => UnixSocketListener.Create(UnixSocketAddress.FromPath(Path.Combine(directory, "no/where")))));
            if (isOther)
            {
                Assert.Equal("EACCES", Refused(() => UnixSocket.Connect(closed, SocketType.Stream, Patience.Long)));
            }

            Assert.Throws<UnauthorizedAccessException>(() => UnixSocket.Connect(
                open, SocketType.Stream, Patience.Long, requiredUsers: new HashSet<uint> { owner + 1 }));

            // The listener accepts the connection that the client has closed, and continues.
            using (Socket gone = UnixSocket.Accept(public1.SafeHandle, Patience.Long))
            {
                Assert.Null(DescriptorReceiver.ReceiveMessage(gone.SafeHandle, Patience.Long));
            }

            using (Socket client = UnixSocket.Connect(open, SocketType.Stream, Patience.Long, requiredUsers: new HashSet<uint> { owner }))
            using (Socket server = UnixSocket.Accept(public1.SafeHandle, Patience.Long))
            {
                IsUsable(client, server, file);
            }

            before ??= OpenDescriptors.List();
            NothingIsLeft(before);
        }
    }

    private static void RoundWithFullTable(Socket left, Socket right, FileDescriptor file, int free)
    {
        const int Sent = 10;
        SafeHandle[] ten = [.. Enumerable.Repeat(file.SafeHandle, Sent)];
        int expected = Math.Min(free, Sent);

        // A timer would run on the thread pool, which opens files at times, and ends the process when it can't.
        using var source = new CancellationTokenSource();
        using var isFull = new ManualResetEventSlim();
        var canceller = new Thread(() =>
        {
            isFull.Wait();
            Thread.Sleep(Patience.Short);
            source.Cancel();
        });
        canceller.Start();
        using (new FullTable(free))
        {
            int before = FullTable.OpenCount();

            // Sending does not need a free number, in any way of sending.
            DescriptorSender.Send(left.SafeHandle, Data, ten, Patience.Long);
            DescriptorSender.SendAsync(left.SafeHandle, Data, ten, Patience.Long).AsTask().GetAwaiter().GetResult();
            DescriptorSender.SendEach(left.SafeHandle, Data, ten.AsSpan(0, 4), Patience.Long);

            // The receiver gets the data, and as many descriptors as the table has space for.
            using (ReceivedMessage message = ReceiveSome(right))
            {
                Assert.Equal(Data, message.Data);
                Assert.Equal(expected, message.Descriptors.Count);
            }

            Span<int> numbers = stackalloc int[Sent];
            ReceiveResult result = DescriptorReceiver.ReceiveNumbers(right.SafeHandle, new byte[8], numbers, Patience.Long);
            Assert.Equal((Data.Length, expected), (result.Bytes, result.Descriptors));
            Assert.Equal(expected < Sent, (result.Flags & MessageFlags.DescriptorsTruncated) != 0);
            Closing.CloseAll(numbers[..result.Descriptors]);

            // All messages of a batch arrive, the last ones without their descriptors.
            var results = new ReceiveResult[4];
            int count = DescriptorReceiver.ReceiveNumbers(right.SafeHandle, new byte[4 * Data.Length], numbers, results, Patience.Long);
            Assert.Equal(4, count);
            for (int i = 0; i < count; i++)
            {
                Assert.Equal((Data.Length, i < free ? 1 : 0), (results[i].Bytes, results[i].Descriptors));
                Assert.Equal(i >= free, (results[i].Flags & MessageFlags.DescriptorsTruncated) != 0);
            }

            Closing.CloseAll(numbers[..Math.Min(free, 4)]);

            // Waiting does not need a free number either.
            Assert.Throws<TimeoutException>(() => DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Short));
            isFull.Set();
            Assert.ThrowsAny<OperationCanceledException>(
                () => DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long, source.Token));
            canceller.Join();

            Assert.Equal(before, FullTable.OpenCount());
        }

        IsUsable(left, right, file);
    }

    private static ReceivedMessage ReceiveSome(Socket socket)
    {
        try
        {
            return Some.Receive(socket);
        }
        catch (DescriptorsLostException exception)
        {
            return exception.Received;
        }
    }

    // The time limit is long enough for the call to wait, even if everything must be compiled first.
    private static void StartPoller(Socket socket) => Assert.Throws<TimeoutException>(
        () => DescriptorReceiver.ReceiveMessageAsync(socket.SafeHandle, TimeSpan.FromSeconds(0.5)).AsTask().GetAwaiter().GetResult());

    private static void NothingIsLeft(Dictionary<int, string> before)
    {
        string left = "";
        bool isNothing = SpinWait.SpinUntil(
            () => (left = string.Join(", ", OpenDescriptors.List().Where(now => !before.ContainsValue(now.Value)))).Length == 0,
            TimeSpan.FromSeconds(5));
        Assert.True(isNothing, $"Left open: {left}");
    }

    private static string Refused(Func<Socket> call) => Assert.Throws<SystemCallException>(() => call()).ErrnoName;

    private static int RoundsFromArgument() => int.Parse(Child.Argument.Split(';')[0], System.Globalization.CultureInfo.InvariantCulture);

    private static int Fill(Socket socket)
    {
        int bytes = 0;
        while (DescriptorSender.TrySend(socket.SafeHandle, Data, [], out int sent))
        {
            bytes += sent;
        }

        return bytes;
    }

    // Receives all queued messages, closes their descriptors, and returns how many there were.
    private static int DrainDescriptors(Socket socket, int? expectedBytes = null)
    {
        int descriptors = 0;
        int bytes = 0;
        byte[] buffer = new byte[65536];
        try
        {
            while (true)
            {
                ReceiveResult result = DescriptorReceiver.ReceiveNumbers(socket.SafeHandle, buffer, Span<int>.Empty, Patience.None);
                descriptors += result.DescriptorsClosed;
                bytes += result.Bytes;
            }
        }
        catch (TimeoutException)
        {
            Assert.Equal(expectedBytes ?? bytes, bytes);
            return descriptors;
        }
    }

    private static void IsUsable(Socket left, Socket right, FileDescriptor file)
    {
        DescriptorSender.Send(left.SafeHandle, Data, [file.SafeHandle], Patience.Long);
        using ReceivedMessage message = Some.Receive(right);
        Assert.Equal(Data, message.Data);
        Assert.True(Some.AreSame(file.Fd, Assert.Single(message.Descriptors).Fd));
    }
}
