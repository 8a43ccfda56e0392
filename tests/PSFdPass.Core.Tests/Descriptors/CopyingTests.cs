using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace PSFdPass.Tests;

/// <summary>Copying between descriptors of each pair of kinds.</summary>
public sealed class CopyingTests : IDisposable
{
    private const int Size = 3_000_000;
    private readonly TemporaryDirectory _folder = new();
    private readonly byte[] _content = new byte[Size];

    public CopyingTests() => new Random(3).NextBytes(_content);

    public enum End
    {
        File,
        MemoryFile,
        Pipe,
        NonBlockingPipe,
        Stream,
        Tcp,
    }

    public static TheoryData<End, End> Pairs()
    {
        var pairs = new TheoryData<End, End>();
        foreach (End from in Enum.GetValues<End>())
        {
            foreach (End to in Enum.GetValues<End>())
            {
                pairs.Add(from, to);
            }
        }

        return pairs;
    }

    public void Dispose() => _folder.Dispose();

    [LinuxTheory]
    [MemberData(nameof(Pairs))]
    public void Everything_is_copied_and_reported(End from, End to)
    {
        using Source source = OpenSource(from);
        using Target target = OpenTarget(to);
        var reports = new Reports();
        BlockedThread feeding = BlockedThread.Start(source.Feed);
        BlockedThread draining = BlockedThread.Start(target.Drain);
        Assert.Equal(Size, FileDescriptor.Copy(source.Handle, target.Handle, null, reports, Patience.Long));
        target.Close();
        Assert.Null(feeding.Join());
        Assert.Null(draining.Join());
        Assert.True(target.Content().AsSpan().SequenceEqual(_content));
        Assert.Equal(Size, reports.Values[^1]);
        Assert.Equal(reports.Values.Order(), reports.Values);
    }

    [LinuxTheory]
    [InlineData(End.File)]
    [InlineData(End.MemoryFile)]
    [InlineData(End.Pipe)]
    [InlineData(End.Stream)]
    public void A_count_leaves_the_rest_in_the_source(End from)
    {
        using Source source = OpenSource(from);
        BlockedThread feeding = BlockedThread.Start(source.Feed);
        using FileDescriptor target = Some.File("");
        Assert.Equal(100_000, FileDescriptor.Copy(source.Handle, target.SafeHandle, 100_000, null, Patience.Long));
        Assert.Equal(0, FileDescriptor.Copy(source.Handle, target.SafeHandle, 0, null, Patience.Long));
        Assert.Equal(Size - 100_000, FileDescriptor.Copy(source.Handle, target.SafeHandle, null, null, Patience.Long));
        Assert.Null(feeding.Join());
        Assert.True(Content(target).AsSpan().SequenceEqual(_content));
        Assert.Throws<ArgumentOutOfRangeException>(() => FileDescriptor.Copy(source.Handle, target.SafeHandle, -1, null, Patience.Long));
    }

    [LinuxTheory]
    [InlineData(End.File)]
    [InlineData(End.Stream)]
    public void Bytes_that_could_not_be_written_stay_in_the_source(End from)
    {
        using Source source = OpenSource(from);
        BlockedThread feeding = BlockedThread.Start(source.Feed);
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var one = left;
        using var other = right;
        var reports = new Reports();
        Assert.Throws<TimeoutException>(() => FileDescriptor.Copy(source.Handle, left.SafeHandle, null, reports, Patience.Short));
        using var stop = new CancellationTokenSource(Patience.Short);
        Assert.ThrowsAny<OperationCanceledException>(
            () => FileDescriptor.Copy(source.Handle, left.SafeHandle, null, null, Patience.Long, stop.Token));
        var received = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        while (FileDescriptor.TryRead(right.SafeHandle, buffer, out int count))
        {
            received.Write(buffer, 0, count);
        }

        Assert.True(received.Length > 0);
        using FileDescriptor target = Some.File("");
        FileDescriptor.Copy(source.Handle, target.SafeHandle, null, null, Patience.Long);
        Assert.Null(feeding.Join());
        received.Write(Content(target));
        Assert.True(received.ToArray().AsSpan().SequenceEqual(_content));
    }

    [LinuxFact]
    public void A_copy_from_a_silent_source_ends_by_timeout_and_by_disposal()
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using var _ = writer;
        using FileDescriptor file = Some.File("");
        Assert.Throws<TimeoutException>(() => FileDescriptor.Copy(reader.SafeHandle, file.SafeHandle, null, null, Patience.Short));
        SafeHandle handle = reader.SafeHandle;
        BlockedThread copying = BlockedThread.Start(() => FileDescriptor.Copy(handle, file.SafeHandle, null, null, Patience.Long));
        reader.Dispose();
        Assert.IsType<ObjectDisposedException>(copying.Join());
    }

    [LinuxFact]
    public void Files_that_report_a_size_of_0_are_copied_and_a_file_is_not_copied_to_itself()
    {
        using FileDescriptor status = FileDescriptor.Open("/proc/self/status");
        using FileDescriptor target = Some.File("");
        Assert.True(FileDescriptor.Copy(status.SafeHandle, target.SafeHandle, null, null, Patience.Long) > 100);
        Assert.Throws<ArgumentException>(() => FileDescriptor.Copy(target.SafeHandle, target.SafeHandle, null, null, Patience.Long));
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Disposing_the_end_that_is_not_waited_for_ends_the_copy(bool isTarget)
    {
        (FileDescriptor silentReader, FileDescriptor silentWriter) = Some.Pipe();
        (FileDescriptor reader, FileDescriptor full) = Some.Pipe(nonBlocking: true);
        using var first = silentReader;
        using var second = silentWriter;
        using var third = reader;
        using FileDescriptor written = full;
        using FileDescriptor source = Some.File("text");

        // A silent source is waited for, or a full target.
        if (!isTarget)
        {
            Assert.Throws<TimeoutException>(() => FileDescriptor.Write(full.SafeHandle, new byte[1_000_000], Patience.Short));
        }

        (FileDescriptor from, FileDescriptor to) = isTarget ? (silentReader, full) : (source, full);
        (SafeHandle fromHandle, SafeHandle toHandle) = (from.SafeHandle, to.SafeHandle);
        BlockedThread copying = BlockedThread.Start(() => FileDescriptor.Copy(fromHandle, toHandle, null, null, Patience.Long));
        (isTarget ? to : from).Dispose();
        Assert.IsType<ObjectDisposedException>(copying.Join());
    }

    [LinuxFact]
    public void A_file_that_is_open_for_appending_is_appended_to()
    {
        using FileDescriptor source = Some.File("new");
        using FileDescriptor target = FileDescriptor.Open(
            _folder.Write("log", "old "), new FileOpenOptions { Access = FileAccess.Write, Append = true }, Patience.Long);
        Assert.Equal(3, FileDescriptor.Copy(source.SafeHandle, target.SafeHandle, null, null, Patience.Long));
        Assert.Equal("old new", File.ReadAllText(_folder.File("log")));
    }

    [LinuxFact]
    public void A_message_with_descriptors_ends_the_copy_and_is_kept()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var one = left;
        using var other = right;
        using FileDescriptor target = Some.File("");
        Some.Send(left, "text"u8);
        left.SendDescriptors("x"u8, [target.SafeHandle]);
        Assert.ThrowsAny<InvalidOperationException>(
            () => FileDescriptor.Copy(right.SafeHandle, target.SafeHandle, null, null, Patience.Long));
        Assert.Equal("text"u8.ToArray(), Content(target));
        using ReceivedMessage message = Some.Receive(right);
        Assert.Single(message.Descriptors);
    }

    [LinuxFact]
    public void Packets_are_copied_whole_until_the_end_of_the_connection()
    {
        byte[][] packets = [[1, 2, 3], [], _content[..150_000], [], [4]];
        (Socket sender, Socket source) = UnixSocket.CreatePair(SocketType.Seqpacket);
        (Socket target, Socket receiver) = UnixSocket.CreatePair(SocketType.Seqpacket);
        using var first = source;
        using var second = receiver;
        using var third = target;
        BlockedThread feeding = BlockedThread.Start(() =>
        {
            Array.ForEach(packets, packet => FileDescriptor.Write(sender.SafeHandle, packet, Patience.Long));
            sender.Dispose();
        });
        BlockedThread copying = BlockedThread.Start(
            () => Assert.Equal(packets.Sum(packet => packet.Length), FileDescriptor.Copy(source.SafeHandle, target.SafeHandle, null, null, Patience.Long)));
        foreach (byte[] packet in packets)
        {
            using ReceivedMessage message = Some.Receive(receiver);
            Assert.True(message.Data.AsSpan().SequenceEqual(packet));
        }

        Assert.Null(feeding.Join());
        Assert.Null(copying.Join());
    }

    [LinuxFact]
    public void A_copy_of_packets_times_out_at_a_full_target_and_at_a_silent_sender()
    {
        (Socket sender, Socket source) = UnixSocket.CreatePair(SocketType.Dgram);
        using var first = sender;
        using var second = source;
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using var third = reader;
        using var fourth = writer;
        Assert.Throws<TimeoutException>(() => FileDescriptor.Copy(source.SafeHandle, writer.SafeHandle, null, null, Patience.Short));
        FileDescriptor.Write(sender.SafeHandle, _content.AsSpan(0, 100_000), Patience.Long);
        Assert.Contains("lost", Assert.Throws<TimeoutException>(
            () => FileDescriptor.Copy(source.SafeHandle, writer.SafeHandle, null, null, Patience.Short)).Message);
        source.Shutdown(SocketShutdown.Receive);
        Assert.Throws<TimeoutException>(() => FileDescriptor.Copy(source.SafeHandle, Some.File("").SafeHandle, null, null, Patience.Short));
    }

    private static byte[] Content(FileDescriptor file)
    {
        Libc.Seek(file.Fd, 0, 0);
        using var content = new MemoryStream();
        using Stream stream = file.Duplicate().OpenStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    private Source OpenSource(End end)
    {
        switch (end)
        {
            case End.File:
                string path = _folder.File("source");
                File.WriteAllBytes(path, _content);
                FileDescriptor file = FileDescriptor.Open(path);
                return new Source(file.SafeHandle, file, static () => { });

            case End.MemoryFile:
                FileDescriptor memory = FileDescriptor.CreateMemoryFile("source", _content);
                return new Source(memory.SafeHandle, memory, static () => { });

            default:
                (SafeHandle reader, IDisposable holder, SafeHandle writer, IDisposable other) = OpenChannel(end);
                return new Source(
                    reader,
                    holder,
                    () =>
                    {
                        FileDescriptor.Write(writer, _content, Patience.Long);
                        other.Dispose();
                    });
        }
    }

    private Target OpenTarget(End end)
    {
        switch (end)
        {
            case End.File:
                FileDescriptor file = FileDescriptor.Open(_folder.Write("target", ""), FileAccess.ReadWrite);
                return new Target(file.SafeHandle, file, null, () => File.ReadAllBytes(_folder.File("target")));

            case End.MemoryFile:
                FileDescriptor memory = Some.File("");
                FileDescriptor copy = memory.Duplicate();
                return new Target(memory.SafeHandle, memory, copy, () => Content(copy));

            default:
                (SafeHandle reader, IDisposable holder, SafeHandle writer, IDisposable other) = OpenChannel(end);
                return new Target(writer, other, holder, reader);
        }
    }

    private static (SafeHandle Reader, IDisposable Holder, SafeHandle Writer, IDisposable Other) OpenChannel(End end)
    {
        if (end == End.Stream)
        {
            (Socket left, Socket right) = UnixSocket.CreatePair();
            return (right.SafeHandle, right, left.SafeHandle, left);
        }

        if (end == End.Tcp)
        {
            (TcpClient client, Socket server) = Some.TcpConnection();
            return (server.SafeHandle, server, client.Client.SafeHandle, client);
        }

        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe(end == End.NonBlockingPipe);
        return (reader.SafeHandle, reader, writer.SafeHandle, writer);
    }

    private sealed class Reports : IProgress<long>
    {
        public List<long> Values { get; } = [];

        public void Report(long value) => Values.Add(value);
    }

    private sealed record Source(SafeHandle Handle, IDisposable Holder, Action Feed) : IDisposable
    {
        public void Dispose() => Holder.Dispose();
    }

    private sealed class Target : IDisposable
    {
        private readonly IDisposable _holder;
        private readonly IDisposable? _other;
        private readonly SafeHandle? _reader;
        private readonly MemoryStream _drained = new();

        public Target(SafeHandle handle, IDisposable holder, IDisposable? other, Func<byte[]> content) =>
            (Handle, _holder, _other, Content) = (handle, holder, other, content);

        public Target(SafeHandle handle, IDisposable holder, IDisposable other, SafeHandle reader)
            : this(handle, holder, other, static () => []) =>
            (_reader, Content) = (reader, _drained.ToArray);

        public SafeHandle Handle { get; }

        public Func<byte[]> Content { get; }

        public void Drain()
        {
            byte[] buffer = new byte[1 << 16];
            int count;
            while (_reader is not null && (count = FileDescriptor.Read(_reader, buffer, Patience.Long)) > 0)
            {
                _drained.Write(buffer, 0, count);
            }
        }

        public void Close() => _holder.Dispose();

        public void Dispose()
        {
            _holder.Dispose();
            _other?.Dispose();
        }
    }
}
