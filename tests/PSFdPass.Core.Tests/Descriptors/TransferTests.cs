using System.Buffers;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace PSFdPass.Tests;

/// <summary>Reading, writing and reading up to a delimiter on descriptors of every kind.</summary>
public sealed class TransferTests : IDisposable
{
    private const byte LineFeed = (byte)'\n';
    private readonly TemporaryDirectory _folder = new();

    public enum Channel
    {
        Pipe,
        NonBlockingPipe,
        Stream,
        Tcp,
    }

    public static TheoryData<Channel> Channels => [.. Enum.GetValues<Channel>()];

    public void Dispose() => _folder.Dispose();

    [LinuxTheory]
    [MemberData(nameof(Channels))]
    public void A_line_is_read_and_nothing_beyond_it(Channel channel)
    {
        using Ends ends = Open(channel);
        FileDescriptor.Write(ends.Writer, "one\ntwo\nrest"u8, Patience.Long);
        Assert.Equal((true, "one\n"), ReadLine(ends.Reader));
        Assert.Equal("two\nrest", ReadPlainly(ends.Reader, 100));
        FileDescriptor.Write(ends.Writer, "end"u8, Patience.Long);
        ends.CloseWriter();
        Assert.Equal((false, "end"), ReadLine(ends.Reader));
        Assert.Equal((false, ""), ReadLine(ends.Reader));
    }

    [LinuxTheory]
    [MemberData(nameof(Channels))]
    public void A_line_longer_than_every_buffer_is_read_whole(Channel channel)
    {
        using Ends ends = Open(channel);
        byte[] sent = new byte[300_001];
        new Random(2).NextBytes(sent);
        sent.AsSpan().Replace(LineFeed, (byte)'x');
        sent[^1] = LineFeed;
        BlockedThread writing = BlockedThread.Start(() => FileDescriptor.Write(ends.Writer, sent, Patience.Long));
        var data = new ArrayBufferWriter<byte>();
        Assert.True(FileDescriptor.ReadUntil(ends.Reader, LineFeed, data, Patience.Long));
        Assert.Null(writing.Join());
        Assert.True(data.WrittenSpan.SequenceEqual(sent));
    }

    [LinuxTheory]
    [MemberData(nameof(Channels))]
    public void A_timeout_within_a_line_returns_its_beginning_and_does_not_change_O_NONBLOCK(Channel channel)
    {
        using Ends ends = Open(channel);
        bool before = Some.IsNonBlocking(ends.Reader);
        FileDescriptor.Write(ends.Writer, "half"u8, Patience.Long);
        var data = new ArrayBufferWriter<byte>();
        Assert.Throws<TimeoutException>(() => FileDescriptor.ReadUntil(ends.Reader, LineFeed, data, Patience.Short));
        Assert.Equal("half", Encoding.UTF8.GetString(data.WrittenSpan));
        Assert.Throws<TimeoutException>(() => FileDescriptor.Read(ends.Reader, new byte[1], Patience.Short));
        Assert.Throws<TimeoutException>(() => FileDescriptor.Read(ends.Reader, new byte[1], Patience.None));
        using var stop = new CancellationTokenSource(Patience.Short);
        Assert.ThrowsAny<OperationCanceledException>(
            () => FileDescriptor.ReadUntil(ends.Reader, LineFeed, data, Patience.Long, stop.Token));
        Assert.Throws<ArgumentOutOfRangeException>(() => FileDescriptor.Read(ends.Reader, new byte[1], TimeSpan.FromSeconds(-2)));
        Assert.Equal(before, Some.IsNonBlocking(ends.Reader));
        Assert.Equal(channel == Channel.NonBlockingPipe, before);
    }

    [LinuxTheory]
    [MemberData(nameof(Channels))]
    public void A_write_that_waits_ends_by_timeout_and_by_cancellation(Channel channel)
    {
        using Ends ends = Open(channel);
        byte[] much = new byte[20_000_000];
        TimeoutException late = Assert.Throws<TimeoutException>(() => FileDescriptor.Write(ends.Writer, much, Patience.Short));
        Assert.Matches("^Only [1-9][0-9]* of 20000000 bytes", late.Message);
        using var stop = new CancellationTokenSource(Patience.Short);
        Assert.ThrowsAny<OperationCanceledException>(() => FileDescriptor.Write(ends.Writer, much, Patience.Long, stop.Token));
    }

    [LinuxTheory]
    [MemberData(nameof(Channels))]
    public void Disposing_the_descriptor_on_another_thread_ends_a_wait(Channel channel)
    {
        using Ends ends = Open(channel);
        BlockedThread line = BlockedThread.Start(
            () => FileDescriptor.ReadUntil(ends.Reader, LineFeed, new ArrayBufferWriter<byte>(), Patience.Long));
        BlockedThread read = BlockedThread.Start(() => FileDescriptor.Read(ends.Reader, new byte[1], Patience.Long));
        using Ends full = Open(channel);
        BlockedThread write = BlockedThread.Start(() => FileDescriptor.Write(full.Writer, new byte[20_000_000], Patience.Long));
        ends.CloseReader();
        full.CloseWriter();
        Assert.IsType<ObjectDisposedException>(line.Join());
        Assert.IsType<ObjectDisposedException>(read.Join());
        Assert.IsType<ObjectDisposedException>(write.Join());
        Assert.Throws<ObjectDisposedException>(() => FileDescriptor.Read(ends.Reader, new byte[1], Patience.Long));
    }

    // Socket.Dispose disconnects a socket that a call is using. The call must not report that as an error of the connection.
    [LinuxFact]
    public void Disposing_a_TCP_socket_during_calls_is_reported_as_disposal()
    {
        for (int round = 0; round < 300; round++)
        {
            using Ends ends = Open(Channel.Tcp);
            Task[] calls =
            [
                Task.Run(() => FileDescriptor.ReadUntil(ends.Reader, LineFeed, new ArrayBufferWriter<byte>(), Patience.Long)),
                Task.Run(() => FileDescriptor.Read(ends.Reader, new byte[1], Patience.Long)),
                Task.Run(() => FileDescriptor.Write(ends.Reader, new byte[20_000_000], Patience.Long)),
            ];
            Thread.SpinWait(round * 50);
            ends.CloseReader();
            foreach (Task call in calls)
            {
                AggregateException error = Assert.Throws<AggregateException>(() => call.Wait(Patience.Long));
                Assert.IsType<ObjectDisposedException>(error.InnerException);
            }
        }
    }

    [LinuxTheory]
    [InlineData(Channel.Stream)]
    [InlineData(Channel.Tcp)]
    public void Two_threads_that_read_one_socket_get_whole_lines(Channel channel)
    {
        const int Lines = 4000;
        using Ends ends = Open(channel);
        var all = new System.Collections.Concurrent.ConcurrentBag<string>();
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            while (ReadLine(ends.Reader) is (true, var line))
            {
                all.Add(line);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        for (int i = 0; i < Lines; i++)
        {
            FileDescriptor.Write(ends.Writer, Encoding.ASCII.GetBytes($"line {i} {new string('x', i % 50)}\n"), Patience.Long);
        }

        ends.CloseWriter();
        Assert.All(threads, thread => Assert.True(thread.Join(Patience.Long)));
        Assert.Equal(
            Enumerable.Range(0, Lines).Select(i => $"line {i} {new string('x', i % 50)}\n").Order(StringComparer.Ordinal),
            all.Order(StringComparer.Ordinal));
    }

    [LinuxFact]
    public void Two_threads_that_read_one_file_get_whole_lines()
    {
        string[] lines = [.. Enumerable.Range(0, 4000).Select(i => $"line {i}\n")];
        using FileDescriptor file = FileDescriptor.Open(_folder.Write("lines", string.Concat(lines)));
        using FileDescriptor other = file.Duplicate();
        var all = new System.Collections.Concurrent.ConcurrentBag<string>();
        Thread[] threads = [.. new[] { file, other }.Select(one => new Thread(() =>
        {
            while (ReadLine(one.SafeHandle) is (true, var line))
            {
                all.Add(line);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Assert.All(threads, thread => Assert.True(thread.Join(Patience.Long)));
        Assert.Equal(lines.Order(StringComparer.Ordinal), all.Order(StringComparer.Ordinal));
    }

    [LinuxFact]
    public void Reading_a_line_moves_the_shared_offset_to_its_end()
    {
        using FileDescriptor file = FileDescriptor.Open(_folder.Write("file", "first\nsecond\nlast"));
        using FileDescriptor other = file.Duplicate();
        Assert.Equal((true, "first\n"), ReadLine(file.SafeHandle));
        Assert.Equal((true, "second\n"), ReadLine(other.SafeHandle));
        Assert.Equal("last", Some.Read(file));
        Assert.Equal((false, ""), ReadLine(file.SafeHandle));
    }

    [LinuxFact]
    public void Errors_carry_the_errno()
    {
        using FileDescriptor folder = FileDescriptor.Open(_folder.Path);
        Assert.Equal("EISDIR", Assert.Throws<SystemCallException>(() => ReadLine(folder.SafeHandle)).ErrnoName);
        Assert.Equal(
            "EISDIR", Assert.Throws<SystemCallException>(() => FileDescriptor.Read(folder.SafeHandle, new byte[1], Patience.Long)).ErrnoName);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Equal("ENOTCONN", Assert.Throws<SystemCallException>(() => ReadLine(socket.SafeHandle)).ErrnoName);
        using Ends ends = Open(Channel.Stream);
        ends.CloseReader();
        Assert.Equal(
            "EPIPE", Assert.Throws<SystemCallException>(() => FileDescriptor.Write(ends.Writer, "x"u8, Patience.Long)).ErrnoName);
        using FileDescriptor unreadable = FileDescriptor.Open(_folder.Write("out", ""), FileAccess.Write);
        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(() => ReadLine(unreadable.SafeHandle)).ErrnoName);
    }

    [LinuxFact]
    public void Bytes_before_a_message_with_descriptors_are_read_and_the_message_is_kept()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var one = left;
        using var other = right;
        using FileDescriptor file = Some.File("content");
        Some.Send(left, "line\nhalf"u8);
        left.SendDescriptors("data\n"u8, [file.SafeHandle]);
        int open = OpenCount();
        Assert.Equal((true, "line\n"), ReadLine(right.SafeHandle));
        var data = new ArrayBufferWriter<byte>();
        Assert.ThrowsAny<InvalidOperationException>(() => FileDescriptor.ReadUntil(right.SafeHandle, LineFeed, data, Patience.Long));
        Assert.Equal("half", Encoding.UTF8.GetString(data.WrittenSpan));
        Assert.ThrowsAny<InvalidOperationException>(() => FileDescriptor.Read(right.SafeHandle, new byte[100], Patience.Long));
        Assert.Equal(open, OpenCount());
        using ReceivedMessage message = Some.Receive(right);
        Assert.Equal("data\n", message.Text);
        Assert.Equal("content", Some.Read(Assert.Single(message.Descriptors)));
    }

    [LinuxTheory]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(9000)]
    public void Every_byte_before_a_message_with_descriptors_is_read(int length)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var one = left;
        using var other = right;
        using FileDescriptor file = Some.File();
        Some.Send(left, Encoding.ASCII.GetBytes(new string('x', length)));
        left.SendDescriptors("y"u8, [file.SafeHandle, file.SafeHandle]);
        int total = 0;
        byte[] buffer = new byte[10_000];
        while (total < length)
        {
            int count = FileDescriptor.Read(right.SafeHandle, buffer, Patience.Long);
            Assert.True(buffer.AsSpan(0, count).IndexOfAnyExcept((byte)'x') < 0);
            total += count;
        }

        Assert.Equal(length, total);
        Assert.ThrowsAny<InvalidOperationException>(() => FileDescriptor.Read(right.SafeHandle, buffer, Patience.Long));
        using ReceivedMessage message = Some.Receive(right);
        Assert.Equal(2, message.Descriptors.Count);
    }

    // Peeking at a descriptor duplicates it, which needs a free number.
    [LinuxFact]
    public void A_message_with_descriptors_is_recognized_and_kept_with_a_full_table() => Child.Run(WithFullTable);

    [LinuxTheory]
    [InlineData(SocketType.Seqpacket)]
    [InlineData(SocketType.Dgram)]
    public void A_packet_is_read_whole_even_when_it_is_empty(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var one = left;
        using var other = right;
        byte[] large = new byte[100_000];
        FileDescriptor.Write(left.SafeHandle, "a\nb"u8, Patience.Long);
        FileDescriptor.Write(left.SafeHandle, [], Patience.Long);
        FileDescriptor.Write(left.SafeHandle, large, Patience.Long);
        using FileDescriptor file = Some.File();
        left.SendDescriptors("x"u8, [file.SafeHandle]);
        Assert.Equal((true, "a\nb"), ReadLine(right.SafeHandle));
        Assert.Equal((true, ""), ReadLine(right.SafeHandle));
        Assert.Equal((true, Encoding.UTF8.GetString(large)), ReadLine(right.SafeHandle));
        Assert.ThrowsAny<InvalidOperationException>(() => ReadLine(right.SafeHandle));
        using (ReceivedMessage message = Some.Receive(right))
        {
            Assert.Single(message.Descriptors);
        }

        if (type == SocketType.Seqpacket)
        {
            FileDescriptor.Write(left.SafeHandle, "last"u8, Patience.Long);
            FileDescriptor.Write(left.SafeHandle, [], Patience.Long);
            FileDescriptor.Write(left.SafeHandle, [], Patience.Long);
            left.Dispose();
            Assert.Equal((true, "last"), ReadLine(right.SafeHandle));
            Assert.Equal((true, ""), ReadLine(right.SafeHandle));
            Assert.Equal((true, ""), ReadLine(right.SafeHandle));
            Assert.Equal((false, ""), ReadLine(right.SafeHandle));
            Assert.Equal((false, ""), ReadLine(right.SafeHandle));
        }
    }

    private static void WithFullTable()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using FileDescriptor file = Some.File();
        Assert.ThrowsAny<TimeoutException>(() => ReadLine(right.SafeHandle, Patience.Short));
        Some.Send(left, "warm\n"u8);
        Assert.Equal((true, "warm\n"), ReadLine(right.SafeHandle));
        FullTable.WarmUp();
        left.SendDescriptors("line\n"u8, [file.SafeHandle]);
        using (new FullTable(free: 0))
        {
            Assert.ThrowsAny<InvalidOperationException>(() => ReadLine(right.SafeHandle));
            Assert.Throws<TimeoutException>(() => ReadLine(left.SafeHandle, Patience.Short));
        }

        using ReceivedMessage message = Some.Receive(right);
        Assert.Equal((1, "line\n"), (message.Descriptors.Count, message.Text));
    }

    private static int OpenCount() => Enumerable.Range(0, 1024).Count(Some.IsOpen);

    private static (bool IsComplete, string Line) ReadLine(SafeHandle handle, TimeSpan? timeout = null)
    {
        var data = new ArrayBufferWriter<byte>();
        bool isComplete = FileDescriptor.ReadUntil(handle, LineFeed, data, timeout ?? Patience.Long);
        return (isComplete, Encoding.UTF8.GetString(data.WrittenSpan));
    }

    private static string ReadPlainly(SafeHandle handle, int length) => Some.Read((int)handle.DangerousGetHandle(), length);

    private static Ends Open(Channel channel)
    {
        if (channel is Channel.Stream)
        {
            (Socket left, Socket right) = UnixSocket.CreatePair();
            return new Ends(left, right.SafeHandle, right, left.SafeHandle);
        }

        if (channel is Channel.Tcp)
        {
            (TcpClient client, Socket server) = Some.TcpConnection();
            return new Ends(client, server.SafeHandle, server, client.Client.SafeHandle);
        }

        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe(channel == Channel.NonBlockingPipe);
        return new Ends(writer, reader.SafeHandle, reader, writer.SafeHandle);
    }

    private sealed class Ends(IDisposable writer, SafeHandle readerHandle, IDisposable reader, SafeHandle writerHandle) : IDisposable
    {
        public SafeHandle Reader => readerHandle;

        public SafeHandle Writer => writerHandle;

        public void CloseWriter() => writer.Dispose();

        public void CloseReader() => reader.Dispose();

        public void Dispose()
        {
            writer.Dispose();
            reader.Dispose();
        }
    }
}
