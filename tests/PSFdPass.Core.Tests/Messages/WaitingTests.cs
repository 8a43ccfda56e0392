using System.Runtime.InteropServices;
using System.Net.Sockets;
using PSFdPass.Waiting;

namespace PSFdPass.Tests;

/// <summary>Timeouts and cancellation, of waits in the calling thread and of asynchronous ones.</summary>
public sealed class WaitingTests : IDisposable
{
    private readonly Socket _left;
    private readonly Socket _right;
    private readonly FileDescriptor _file = Some.File();

    public WaitingTests() => (_left, _right) = UnixSocket.CreatePair();

    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
        _file.Dispose();
    }

    [LinuxFact]
    public async Task A_receive_without_a_message_times_out()
    {
        foreach (TimeSpan timeout in (TimeSpan[])[Patience.None, Patience.Short, TimeSpan.FromTicks(1)])
        {
            Assert.Throws<TimeoutException>(() => DescriptorReceiver.ReceiveMessage(_right.SafeHandle, timeout));
            Assert.Throws<TimeoutException>(
                () => DescriptorReceiver.ReceiveNumbers(_right.SafeHandle, new byte[1], new int[1], timeout));
            await Assert.ThrowsAsync<TimeoutException>(() => DescriptorReceiver.ReceiveMessageAsync(_right.SafeHandle, timeout).AsTask());
        }

        // A message that arrives after a timeout is received as usual.
        _left.SendDescriptors(_file.SafeHandle);
        using ReceivedMessage message = Some.Receive(_right);
        Assert.Single(message.Descriptors);
    }

    [LinuxFact]
    public async Task A_message_that_has_arrived_is_received_even_with_a_timeout_of_zero()
    {
        for (int i = 0; i < 3; i++)
        {
            Some.Send(_left, "x"u8);
        }

        Assert.Equal("xxx", DescriptorReceiver.ReceiveMessage(_right.SafeHandle, Patience.None)?.Text);
        Some.Send(_left, "y"u8);
        Assert.Equal("y", (await DescriptorReceiver.ReceiveMessageAsync(_right.SafeHandle, Patience.None))?.Text);
        Some.Send(_left, "z"u8);
        Assert.Equal(1, DescriptorReceiver.ReceiveNumbers(_right.SafeHandle, new byte[1], Span<int>.Empty, Patience.None).Bytes);
    }

    [LinuxFact]
    public async Task A_send_to_a_full_queue_times_out_and_reports_what_was_not_sent()
    {
        Some.Fill(_left);
        SendTimeoutException exception = Assert.Throws<SendTimeoutException>(
            () => DescriptorSender.SendNumbers(_left.SafeHandle, "data"u8, [_file.Fd], Patience.Short));
        Assert.Contains("0 of 1 descriptors and 0 of 4 bytes were sent", exception.Message);
        exception = await Assert.ThrowsAsync<SendTimeoutException>(
            () => DescriptorSender.SendAsync(_left.SafeHandle, "data"u8.ToArray(), new SafeHandle[] { _file.SafeHandle }, Patience.Short).AsTask());
        Assert.Contains("0 of 1 descriptors and 0 of 4 bytes were sent", exception.Message);
        Assert.Throws<SendTimeoutException>(() => DescriptorSender.SendNumbers(_left.SafeHandle, [_file.Fd], Patience.None));
    }

    [LinuxFact]
    public void A_partial_send_that_times_out_reports_that_the_descriptors_were_sent()
    {
        SendTimeoutException exception = Assert.Throws<SendTimeoutException>(
            () => DescriptorSender.SendNumbers(_left.SafeHandle, new byte[10_000_000], [_file.Fd], Patience.Short));
        Assert.Equal(1, exception.DescriptorsSent);
        using ReceivedMessage message = Some.Receive(_right);
        Assert.Single(message.Descriptors);
    }

    [LinuxFact]
    public void A_send_that_waits_for_space_continues_when_there_is_some()
    {
        Some.Fill(_left);
        BlockedThread sending = BlockedThread.Start(() => _left.SendDescriptors(_file.SafeHandle));
        int descriptors = 0;
        while (descriptors == 0)
        {
            using ReceivedMessage message = Some.Receive(_right);
            descriptors = message.Descriptors.Count;
        }

        Assert.Null(sending.Join());
    }

    [LinuxFact]
    public void Canceling_ends_a_blocked_receive()
    {
        using var source = new CancellationTokenSource();
        BlockedThread waiting = BlockedThread.Start(
            () => DescriptorReceiver.ReceiveMessage(_right.SafeHandle, Timeout.InfiniteTimeSpan, source.Token));
        source.Cancel();
        Assert.Equal(source.Token, Assert.IsType<OperationCanceledException>(waiting.Join()).CancellationToken);

        using var second = new CancellationTokenSource();
        waiting = BlockedThread.Start(() => DescriptorReceiver.ReceiveNumbers(
            _right.SafeHandle, new byte[1], new int[1], Timeout.InfiniteTimeSpan, second.Token));
        second.Cancel();
        Assert.IsType<OperationCanceledException>(waiting.Join());

        // The canceled receives do not take the next message.
        _left.SendDescriptors(_file.SafeHandle);
        using ReceivedMessage message = Some.Receive(_right);
        Assert.Single(message.Descriptors);
    }

    [LinuxFact]
    public void Canceling_ends_a_blocked_send()
    {
        Some.Fill(_left);
        using var source = new CancellationTokenSource();
        BlockedThread waiting = BlockedThread.Start(
            () => DescriptorSender.SendNumbers(_left.SafeHandle, [_file.Fd], Timeout.InfiniteTimeSpan, source.Token));
        source.Cancel();
        Assert.IsAssignableFrom<OperationCanceledException>(waiting.Join());
    }

    [LinuxFact]
    public async Task Canceling_ends_an_asynchronous_receive_and_send()
    {
        using var source = new CancellationTokenSource();
        Task receiving = DescriptorReceiver.ReceiveMessageAsync(_right.SafeHandle, Timeout.InfiniteTimeSpan, source.Token).AsTask();
        Assert.False(receiving.IsCompleted);
        source.Cancel();
        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving.WaitAsync(Patience.Long));
        Assert.Equal(source.Token, exception.CancellationToken);
        Assert.True(receiving.IsCanceled);

        Some.Fill(_left);
        using var second = new CancellationTokenSource();
        Task sending = DescriptorSender.SendAsync(_left.SafeHandle, new byte[] { 1 }, new SafeHandle[] { _file.SafeHandle }, Timeout.InfiniteTimeSpan, second.Token).AsTask();
        Assert.False(sending.IsCompleted);
        second.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending.WaitAsync(Patience.Long));
    }

    [LinuxFact]
    public async Task A_token_that_is_already_canceled_ends_a_wait_before_it_begins()
    {
        var canceled = new CancellationToken(canceled: true);
        Assert.Throws<OperationCanceledException>(
            () => DescriptorReceiver.ReceiveMessage(_right.SafeHandle, Timeout.InfiniteTimeSpan, canceled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => DescriptorReceiver.ReceiveMessageAsync(_right.SafeHandle, Timeout.InfiniteTimeSpan, canceled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => UnixSocket.AcceptAsync(_right.SafeHandle, Timeout.InfiniteTimeSpan, canceled));
    }

    [LinuxFact]
    public async Task Disposing_the_socket_ends_an_asynchronous_wait()
    {
        Task<ReceivedMessage?> receiving = DescriptorReceiver.ReceiveMessageAsync(_right.SafeHandle, Timeout.InfiniteTimeSpan).AsTask();
        Assert.False(receiving.IsCompleted);
        _right.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => receiving.WaitAsync(Patience.Long));
    }

    [LinuxFact]
    public void A_pause_is_never_longer_than_the_time_that_is_left()
    {
        Assert.InRange(Deadline.After(TimeSpan.FromMilliseconds(30)).AtMost(100), 0, 30);
        Assert.Equal(0, Deadline.After(TimeSpan.Zero).AtMost(100));
        Assert.Equal(100, Deadline.After(TimeSpan.FromHours(1)).AtMost(100));
        Assert.Equal(100, Deadline.Never.AtMost(100));
    }

    [LinuxFact]
    public void A_timeout_too_long_for_poll_is_capped_and_a_negative_one_is_an_error()
    {
        Assert.Equal(int.MaxValue, Deadline.After(TimeSpan.MaxValue - TimeSpan.FromDays(1)).PollMilliseconds);
        Assert.True(Deadline.After(Timeout.InfiniteTimeSpan).IsNever);
        Assert.Throws<ArgumentOutOfRangeException>(() => Deadline.After(TimeSpan.FromSeconds(-5)));
        Assert.False(Deadline.Never.HasPassed);
        Assert.True(Deadline.After(TimeSpan.Zero).HasPassed);
        Assert.Equal(0, Deadline.After(TimeSpan.Zero).PollMilliseconds);
        Assert.Equal(int.MaxValue, Deadline.After(TimeSpan.FromDays(1000)).PollMilliseconds);
    }

    /// <summary>A canceled wait does not receive messages that arrive afterwards, even before its thread notices the cancellation.</summary>
    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void A_canceled_receive_leaves_the_next_message_in_the_queue(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        for (int round = 0; round < 50; round++)
        {
            using var cancellation = new CancellationTokenSource();
            var waiting = BlockedThread.Start(() => DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long, cancellation.Token)!.Dispose());
            cancellation.Cancel();
            Some.Send(left, [(byte)round]);
            Assert.IsAssignableFrom<OperationCanceledException>(waiting.Join());
            using ReceivedMessage message = Some.Receive(right);
            Assert.Equal([(byte)round], message.Data);
        }
    }

    /// <inheritdoc cref="A_canceled_receive_leaves_the_next_message_in_the_queue"/>
    [LinuxFact]
    public async Task A_canceled_asynchronous_receive_leaves_the_next_message_in_the_queue()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Seqpacket);
        using var _ = left;
        using var __ = right;
        for (int round = 0; round < 50; round++)
        {
            using var cancellation = new CancellationTokenSource();
            Task<ReceivedMessage?> waiting = DescriptorReceiver.ReceiveMessageAsync(right.SafeHandle, Patience.Long, cancellation.Token).AsTask();
            await cancellation.CancelAsync();
            Some.Send(left, [(byte)round]);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
            using ReceivedMessage message = Some.Receive(right);
            Assert.Equal([(byte)round], message.Data);
        }
    }

    [Fact]
    public void A_long_message_is_sent_without_pauses_while_the_receiver_keeps_reading()
    {
        const int Length = 64 << 20;
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        long received = 0;
        var reading = new Thread(() =>
        {
            byte[] buffer = new byte[65536];
            while (received < Length && right.Receive(buffer) is > 0 and var count)
            {
                received += count;
            }
        });
        reading.Start();

        // A pause each time the queue is full would make this take longer than its timeout.
        DescriptorSender.Send(left.SafeHandle, new byte[Length], [], TimeSpan.FromSeconds(10));
        Assert.True(reading.Join(Patience.Long));
        Assert.Equal(Length, received);
    }
}
