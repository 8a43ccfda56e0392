using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>Many datagrams in one call, and what is kept for the next reader.</summary>
public sealed class BatchReceiveTests : IDisposable
{
    private readonly Socket _left;
    private readonly Socket _right;
    private readonly FileDescriptor _file = Some.File();

    public BatchReceiveTests() => (_left, _right) = UnixSocketPair.Create(SocketType.Dgram);

    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
        _file.Dispose();
    }

    [LinuxFact]
    public void Everything_that_waits_comes_in_order_with_its_descriptors()
    {
        for (int i = 0; i < 5; i++)
        {
            Send($"message {i}", descriptors: i);
        }

        using var batch = new DatagramBatch(_right.SafeHandle);
        IReadOnlyList<ReceivedMessage> messages = batch.Receive(Patience.Long);
        Assert.Equal(["message 0", "message 1", "message 2", "message 3", "message 4"], messages.Select(message => message.Text));
        Assert.Equal([0, 1, 2, 3, 4], messages.Select(message => message.Descriptors.Count));
        Assert.All(messages.SelectMany(message => message.Descriptors), descriptor =>
        {
            Assert.True(Some.AreSame(_file.Fd, descriptor.Fd));
            Assert.True(descriptor.Flags.HasFlag(DescriptorFlags.CloseOnExec));
        });
        DisposeAll(messages);
    }

    [LinuxFact]
    public void Every_message_has_room_for_253_descriptors()
    {
        Send("one", 253);
        Send("two", 253);
        DescriptorReceiver.RequestCredentials(_right.SafeHandle);
        Send("three", 253);
        using var batch = new DatagramBatch(_right.SafeHandle);
        IReadOnlyList<ReceivedMessage> messages = batch.Receive(Patience.Long);
        Assert.Equal([253, 253, 253], messages.Select(message => message.Descriptors.Count));
        Assert.All(messages, message => Assert.Equal(MessageFlags.None, message.Flags));
        Assert.Equal([0, 0, Environment.ProcessId], messages.Select(message => message.Credentials!.Value.ProcessId));
        DisposeAll(messages);
    }

    [LinuxFact]
    public void Nothing_leaks_whatever_becomes_of_the_messages()
    {
        OpenDescriptors.AreLeftAsTheyWere(() =>
        {
            ReceiveTwoAndDropOne();
            Send("too long for the buffer", 2);
            Send("", 2);
            using (var batch = new DatagramBatch(_right.SafeHandle, bufferSize: 1))
            {
                DisposeAll(batch.Receive(Patience.Long));
                Assert.Throws<TimeoutException>(() => batch.Receive(Patience.None));
            }

            OpenDescriptors.Settle();
        });

        void ReceiveTwoAndDropOne()
        {
            Send("taken", 3);
            Send("dropped", 3);
            using var batch = new DatagramBatch(_right.SafeHandle);
            batch.Receive(Patience.Long)[0].Dispose();
        }
    }

    [LinuxFact]
    public void What_has_no_room_in_the_buffer_is_counted_for_each_message()
    {
        Send("abcdef", 1);
        Send("ab", 1);
        Send("", 1);
        using var batch = new DatagramBatch(_right.SafeHandle, bufferSize: 4);
        IReadOnlyList<ReceivedMessage> messages = batch.Receive(Patience.Long);
        Assert.Equal(["abcd", "ab", ""], messages.Select(message => message.Text));
        Assert.Equal([2, 0, 0], messages.Select(message => message.BytesLost));
        Assert.Equal([MessageFlags.DataTruncated, MessageFlags.None, MessageFlags.None], messages.Select(message => message.Flags));
        DisposeAll(messages);
    }

    [LinuxFact]
    public void A_datagram_as_large_as_an_unprivileged_sender_can_make_it_is_received_whole()
    {
        // Twice what may be asked for, less the kernel's own 32 bytes; beyond some megabytes it finds no memory in one piece.
        const int MostInOnePiece = 2 << 20;
        int most = SocketBuffers.SetSend(_left, int.MaxValue);
        byte[] data = new byte[Math.Min((2 * most) - 32, MostInOnePiece)];
        data[^1] = 42;
        Some.Send(_left, "small"u8);
        Some.Send(_left, data);
        using var batch = new DatagramBatch(_right.SafeHandle);
        IReadOnlyList<ReceivedMessage> messages = batch.Receive(Patience.Long);
        Assert.Equal([5, data.Length], messages.Select(message => message.Data.Length));
        Assert.Equal(42, messages[1].Data[^1]);
    }

    [LinuxFact]
    public void It_waits_for_the_first_and_can_be_cancelled()
    {
        using var batch = new DatagramBatch(_right.SafeHandle);
        Assert.Throws<TimeoutException>(() => batch.Receive(Patience.Short));
        using var source = new CancellationTokenSource();
        BlockedThread cancelled = BlockedThread.Start(() => batch.Receive(Timeout.InfiniteTimeSpan, source.Token));
        source.Cancel();
        Assert.IsAssignableFrom<OperationCanceledException>(cancelled.Join());

        IReadOnlyList<ReceivedMessage>? messages = null;
        BlockedThread waiting = BlockedThread.Start(() => messages = batch.Receive(Patience.Long));
        Send("at last", 1);
        Assert.Null(waiting.Join());
        Assert.Equal("at last", Assert.Single(messages!).Text);
        DisposeAll(messages!);
    }

    [LinuxTheory]
    [InlineData(SocketType.Stream)]
    [InlineData(SocketType.Seqpacket)]
    public void It_is_for_datagrams_only(SocketType type)
    {
        (Socket left, Socket right) = UnixSocketPair.Create(type);
        using var _ = left;
        using var __ = right;
        Assert.Throws<ArgumentException>(() => new DatagramBatch(right.SafeHandle));
    }

    [LinuxFact]
    public void A_disposed_batch_says_so()
    {
        var batch = new DatagramBatch(_right.SafeHandle);
        batch.Dispose();
        batch.Dispose();
        Assert.Throws<ObjectDisposedException>(() => batch.Receive(Patience.None));
    }

    [LinuxFact]
    public void With_the_table_full_in_the_middle_each_message_that_lost_descriptors_says_so() => Child.Run(TableFullInTheMiddle);

    internal static void TableFullInTheMiddle()
    {
        (Socket left, Socket right) = UnixSocketPair.Create(SocketType.Dgram);
        using FileDescriptor file = Some.File();
        using var batch = new DatagramBatch(right.SafeHandle);
        foreach (string text in (string[])["one", "two", "three", "four"])
        {
            DescriptorSender.Send(left.SafeHandle, System.Text.Encoding.UTF8.GetBytes(text), [file.Fd, file.Fd], Patience.Long);
        }

        // Once before the limits change, so that everything the runtime needs is there.
        FullTable.WarmUp();
        DisposeAll(batch.Receive(Patience.Long));
        foreach (string text in (string[])["one", "two", "three", "four"])
        {
            DescriptorSender.Send(left.SafeHandle, System.Text.Encoding.UTF8.GetBytes(text), [file.Fd, file.Fd], Patience.Long);
        }

        using (new FullTable(free: 3))
        {
            int before = FullTable.OpenCount();
            IReadOnlyList<ReceivedMessage> messages = batch.Receive(Patience.Long);
            Assert.Equal(["one", "two", "three", "four"], messages.Select(message => message.Text));
            Assert.Equal([2, 1, 0, 0], messages.Select(message => message.Descriptors.Count));
            Assert.Equal(
                [MessageFlags.None, MessageFlags.DescriptorsTruncated, MessageFlags.DescriptorsTruncated, MessageFlags.DescriptorsTruncated],
                messages.Select(message => message.Flags));
            DisposeAll(messages);
            Assert.Equal(before, FullTable.OpenCount());
        }

        // A reader throws for each of them, with what did arrive.
        using var reader = new MessageReader(right.SafeHandle, readAhead: true);
        DescriptorSender.Send(left.SafeHandle, "five"u8, [file.Fd, file.Fd], Patience.Long);
        using (new FullTable(free: 1))
        {
            DescriptorsLostException lost = Assert.Throws<DescriptorsLostException>(() => reader.Next(Patience.Long));
            Assert.Equal(("five", 1), (lost.Received.Text, lost.Received.Descriptors.Count));
            lost.Received.Dispose();
        }
    }

    [LinuxFact]
    public void What_a_reader_has_taken_and_not_given_is_there_for_the_next_one()
    {
        for (int i = 0; i < 4; i++)
        {
            Send($"{i}", 1);
        }

        using (var first = new MessageReader(_right.SafeHandle, readAhead: true))
        {
            Read(first, "0");
        }

        Assert.Equal(0, _right.Available);
        using (var second = new MessageReader(_right.SafeHandle))
        {
            Read(second, "1");
            using ReceivedMessage look = second.Peek(Patience.None)!;
            Assert.Equal("2", look.Text);
            Assert.True(Some.AreSame(_file.Fd, Assert.Single(look.Descriptors).Fd));
            Read(second, "2");
        }

        using (var third = new MessageReader(_right.SafeHandle, readAhead: true))
        {
            Send("4", 1);
            Read(third, "3");
            Read(third, "4");
        }
    }

    [LinuxFact]
    public void What_is_kept_for_a_socket_that_nobody_has_any_more_is_closed()
    {
        OpenDescriptors.AreLeftAsTheyWere(() =>
        {
            ReadOneOfThree();
            OpenDescriptors.Settle();
        });

        static void ReadOneOfThree()
        {
            (Socket left, Socket right) = UnixSocketPair.Create(SocketType.Dgram);
            using FileDescriptor file = Some.File();
            for (int i = 0; i < 3; i++)
            {
                left.SendDescriptors(file.SafeHandle);
            }

            using var reader = new MessageReader(right.SafeHandle, readAhead: true);
            reader.Next(Patience.Long)!.Dispose();
            left.Dispose();
            right.Dispose();
        }
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void A_peek_leaves_the_message_and_duplicates_its_descriptors(SocketType type)
    {
        (Socket left, Socket right) = UnixSocketPair.Create(type);
        using var _ = left;
        using var __ = right;
        left.SendDescriptors(_file.SafeHandle, _file.SafeHandle);
        using var reader = new MessageReader(right.SafeHandle);
        OpenDescriptors.AreLeftAsTheyWere(() =>
        {
            using ReceivedMessage look = reader.Peek(Patience.Long)!;
            Assert.Equal(2, look.Descriptors.Count);
            Assert.All(look.Descriptors, descriptor => Assert.True(Some.AreSame(_file.Fd, descriptor.Fd)));
        });
        using ReceivedMessage message = reader.Next(Patience.Long)!;
        Assert.Equal(2, message.Descriptors.Count);
        Assert.Throws<TimeoutException>(() => reader.Peek(Patience.None));
    }

    [LinuxFact]
    public void A_peek_sees_the_end_of_a_stream()
    {
        (Socket left, Socket right) = UnixSocketPair.Create();
        left.Dispose();
        using var _ = right;
        using var reader = new MessageReader(right.SafeHandle);
        Assert.Null(reader.Peek(Patience.Long));
        Assert.Null(reader.Next(Patience.Long));
    }

    private static void Read(MessageReader reader, string text)
    {
        using ReceivedMessage message = reader.Next(Patience.Long)!;
        Assert.Equal(text, message.Text);
        Assert.Single(message.Descriptors);
    }

    private static void DisposeAll(IEnumerable<ReceivedMessage> messages)
    {
        foreach (ReceivedMessage message in messages)
        {
            message.Dispose();
        }
    }

    private void Send(string text, int descriptors)
    {
        int[] numbers = [.. Enumerable.Repeat(_file.Fd, descriptors)];
        DescriptorSender.Send(_left.SafeHandle, System.Text.Encoding.UTF8.GetBytes(text), numbers, Patience.Long);
    }
}
