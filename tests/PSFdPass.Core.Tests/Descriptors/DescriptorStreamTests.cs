using System.Text;

namespace PSFdPass.Tests;

/// <summary>The stream over a file, a pipe or a device: the shared offset, O_NONBLOCK, timeouts, disposal during a wait.</summary>
public sealed class DescriptorStreamTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public void Two_streams_over_one_description_share_its_offset()
    {
        FileDescriptor file = Some.File("abcdefghij");
        using Stream one = file.Duplicate().OpenStream();
        using Stream other = file.OpenStream();
        Assert.Equal('a', one.ReadByte());
        Assert.Equal('b', other.ReadByte());
        other.Position = 5;
        Assert.Equal('f', one.ReadByte());
        Assert.Equal(6, other.Position);
    }

    // A FileStream tracks an offset of its own, so two of them would overwrite each other's text.
    [LinuxFact]
    public void No_text_is_lost_when_several_streams_write_to_one_file()
    {
        const int Lines = 2000;
        string path = _folder.Write("log", "");
        using FileDescriptor file = FileDescriptor.Open(path, FileAccess.Write);
        using Stream one = file.Duplicate().OpenStream();
        using Stream other = file.Duplicate().OpenStream();
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(() => WriteLines(other, 'b')));
        thread.Start();
        WriteLines(one, 'a');
        Assert.True(thread.Join(Patience.Long));
        Assert.Null(failure);
        string[] lines = File.ReadAllLines(path);
        Assert.Equal(Lines, lines.Count(line => line == "aaaaaaaa"));
        Assert.Equal(Lines, lines.Count(line => line == "bbbbbbbb"));
        Assert.Equal(2 * Lines, lines.Length);

        static void WriteLines(Stream stream, char letter)
        {
            using var writer = new StreamWriter(stream) { AutoFlush = true, NewLine = "\n" };
            for (int i = 0; i < Lines; i++)
            {
                writer.WriteLine(new string(letter, 8));
            }
        }
    }

    [LinuxFact]
    public void A_file_has_a_length_and_a_position()
    {
        using Stream stream = FileDescriptor.Open(_folder.Write("file", "abcdefghij"), FileAccess.ReadWrite).OpenStream();
        Assert.Equal((true, 10L, 0L), (stream.CanSeek, stream.Length, stream.Position));
        Assert.Equal(8, stream.Seek(-2, SeekOrigin.End));
        Assert.Equal("ij", new StreamReader(stream).ReadToEnd());
        stream.SetLength(4);
        Assert.Equal(4, stream.Length);
        stream.Position = 0;
        stream.WriteByte((byte)'A');
        stream.Flush();
        Assert.Equal("Abcd", File.ReadAllText(_folder.File("file")));
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Position = -1);
        Assert.Equal("EINVAL", Assert.Throws<SystemCallException>(() => stream.Seek(-100, SeekOrigin.Current)).ErrnoName);
    }

    [LinuxFact]
    public async Task A_file_is_read_and_written_asynchronously()
    {
        string path = _folder.Write("file", "");
        await using Stream stream = FileDescriptor.Open(path, FileAccess.ReadWrite).OpenStream();
        await stream.WriteAsync("abcdef"u8.ToArray());
        await stream.FlushAsync();
        stream.Position = 1;
        byte[] buffer = new byte[3];
        Assert.Equal(3, await stream.ReadAsync(buffer));
        Assert.Equal("bcd", Encoding.ASCII.GetString(buffer));
        Assert.Equal(2, await stream.ReadAsync(buffer, 0, 3));
        Assert.Equal(0, await stream.ReadAsync(buffer));
    }

    [LinuxFact]
    public void Each_end_of_a_pipe_has_one_direction_and_neither_length_nor_position()
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using Stream from = reader.OpenStream();
        using Stream to = writer.OpenStream();
        Assert.Equal((true, false, false), (from.CanRead, from.CanWrite, from.CanSeek));
        Assert.Equal((false, true, false), (to.CanRead, to.CanWrite, to.CanSeek));
        Assert.Throws<NotSupportedException>(() => from.Length);
        Assert.Throws<NotSupportedException>(() => to.Position = 0);
        Assert.Throws<NotSupportedException>(() => to.SetLength(0));
        Assert.Throws<NotSupportedException>(() => from.WriteByte(1));
        Assert.Throws<NotSupportedException>(() => to.ReadByte());
        to.WriteByte(7);
        Assert.Equal(7, from.ReadByte());
        from.Dispose();
        Assert.Equal("EPIPE", Assert.Throws<SystemCallException>(() => to.WriteByte(7)).ErrnoName);
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Reads_and_writes_wait_and_do_not_change_O_NONBLOCK(bool nonBlocking)
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe(nonBlocking);
        using FileDescriptor otherReader = reader.Duplicate();
        using FileDescriptor otherWriter = writer.Duplicate();
        using Stream from = reader.OpenStream();
        using Stream to = writer.OpenStream();
        byte[] sent = new byte[1_000_000];
        new Random(1).NextBytes(sent);
        BlockedThread writing = BlockedThread.Start(() =>
        {
            to.Write(sent);
            to.Dispose();
            otherWriter.Dispose();
        });
        Assert.Equal(nonBlocking, otherWriter.Flags.HasFlag(DescriptorFlags.NonBlocking));
        var received = new MemoryStream();
        from.CopyTo(received);
        Assert.Null(writing.Join());
        Assert.Equal(sent, received.ToArray());
        Assert.Equal(nonBlocking, otherReader.Flags.HasFlag(DescriptorFlags.NonBlocking));
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Asynchronous_reads_and_writes_wait_without_blocking_the_caller(bool nonBlocking)
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe(nonBlocking);
        await using Stream from = reader.OpenStream();
        await using Stream to = writer.OpenStream();
        ValueTask<int> reading = from.ReadAsync(new byte[10]);
        Assert.False(reading.IsCompleted);
        await to.WriteAsync("abc"u8.ToArray());
        Assert.Equal(3, await reading);

        byte[] sent = new byte[1_000_000];
        new Random(1).NextBytes(sent);
        ValueTask writing = to.WriteAsync(sent);
        Assert.False(writing.IsCompleted);
        byte[] received = new byte[sent.Length];
        await from.ReadExactlyAsync(received);
        await writing;
        Assert.Equal(sent, received);
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Waits_end_by_timeout_and_by_cancellation(bool nonBlocking)
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe(nonBlocking);
        await using Stream from = reader.OpenStream();
        await using Stream to = writer.OpenStream();
        Assert.True(from.CanTimeout);
        Assert.Equal((Timeout.Infinite, Timeout.Infinite), (from.ReadTimeout, to.WriteTimeout));
        Assert.Throws<ArgumentOutOfRangeException>(() => from.ReadTimeout = 0);
        from.ReadTimeout = 20;
        Assert.Throws<TimeoutException>(() => from.ReadByte());
        await Assert.ThrowsAsync<TimeoutException>(() => from.ReadAsync(new byte[1]).AsTask());
        from.ReadTimeout = Timeout.Infinite;
        using (var stop = new CancellationTokenSource(Patience.Short))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => from.ReadAsync(new byte[1], stop.Token).AsTask());
        }

        to.WriteTimeout = 20;
        TimeoutException late = Assert.Throws<TimeoutException>(() => to.Write(new byte[1_000_000]));
        Assert.Matches("^Only [1-9][0-9]* of 1000000 bytes", late.Message);
        using (var stop = new CancellationTokenSource(Patience.Short))
        {
            to.WriteTimeout = Timeout.Infinite;
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => to.WriteAsync(new byte[1_000_000], stop.Token).AsTask());
        }
    }

    // Closing a descriptor does not end a blocking read(2).
    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Disposing_the_stream_ends_a_wait_on_another_thread(bool nonBlocking)
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe(nonBlocking);
        using var _ = writer;
        Stream from = reader.OpenStream();
        int fd = (int)((Descriptors.DescriptorStream)from).SafeHandle.DangerousGetHandle();
        BlockedThread reading = BlockedThread.Start(() => from.ReadByte());
        from.Dispose();
        Assert.False(Some.IsOpen(fd));
        Assert.IsType<ObjectDisposedException>(reading.Join());
        Assert.Throws<ObjectDisposedException>(() => from.ReadByte());
        Assert.Equal((false, false, false), (from.CanRead, from.CanWrite, from.CanSeek));
    }

    // Older kernels do not support RWF_NOWAIT on pipes.
    [KernelFact(6, 5)]
    public void Two_threads_that_read_one_blocking_pipe_do_not_block_each_other_past_their_timeouts()
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using Stream one = reader.Duplicate().OpenStream();
        using Stream other = reader.OpenStream();
        using Stream to = writer.OpenStream();
        one.ReadTimeout = other.ReadTimeout = 300;
        int received = 0;
        Thread[] threads = [.. new[] { one, other }.Select(stream => new Thread(() =>
        {
            try
            {
                while (stream.ReadByte() >= 0)
                {
                    Interlocked.Increment(ref received);
                }
            }
            catch (TimeoutException)
            {
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        for (int i = 0; i < 5000; i++)
        {
            to.WriteByte(1);
        }

        Assert.All(threads, thread => Assert.True(thread.Join(Patience.Long)));
        Assert.Equal(5000, received);
    }

    [LinuxFact]
    public void Devices_are_read_and_written()
    {
        using Stream zero = FileDescriptor.Open("/dev/zero").OpenStream();
        byte[] buffer = [1, 2, 3];
        Assert.Equal(3, zero.Read(buffer));
        Assert.Equal(new byte[3], buffer);
        using Stream none = Some.Null().OpenStream();
        none.Write(buffer);
        Assert.Equal(-1, none.ReadByte());
    }

    [LinuxFact]
    public void A_stream_that_is_dropped_closes_its_descriptor()
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using var _ = reader;
        Drop(writer);
        OpenDescriptors.Settle();
        Assert.Equal("", Some.Read(reader));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Drop(FileDescriptor descriptor) => Assert.True(descriptor.OpenStream().CanWrite);
    }

    [LinuxFact]
    public void Nothing_leaks_when_streams_time_out_and_are_disposed() => OpenDescriptors.AreUnchangedBy(() =>
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using Stream from = reader.OpenStream();
        using Stream to = writer.OpenStream();
        from.ReadTimeout = 30;
        Assert.Throws<TimeoutException>(() => from.ReadByte());
        to.WriteByte(1);
        Assert.Equal(1, from.ReadByte());
    });
}
