using System.Runtime.InteropServices;
using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>More descriptors than one message carries.</summary>
public sealed class SplittingTests
{
    [LinuxTheory]
    [InlineData(253, new[] { 253 })]
    [InlineData(254, new[] { 253, 1 })]
    [InlineData(256, new[] { 253, 3 })]
    [InlineData(600, new[] { 253, 253, 94 })]
    public void Without_data_each_message_has_its_own_count(int count, int[] messages)
    {
        foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket, SocketType.Dgram])
        {
            (Socket left, Socket right) = UnixSocket.CreatePair(type);
            using var _ = left;
            using var __ = right;
            using FileDescriptor file = Some.File();
            DescriptorSender.SendNumbers(left.SafeHandle, Enumerable.Repeat(file.Fd, count).ToArray(), Patience.Long);
            foreach (int expected in messages)
            {
                using ReceivedMessage message = Some.Receive(right);
                Assert.Equal([(byte)expected], message.Data);
                Assert.Equal(expected, message.Descriptors.Count);
            }
        }
    }

    [LinuxTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_parts_of_the_data_on_a_stream_join_to_the_original(bool isAsync)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        FileDescriptor[] files = Some.Files(520);
        if (isAsync)
        {
            await DescriptorSender.SendAsync(
                left.SafeHandle, "hello world"u8.ToArray(), files.Select(file => file.SafeHandle).ToArray(), Patience.Long);
        }
        else
        {
            DescriptorSender.SendNumbers(left.SafeHandle, "hello world"u8, files.Select(file => file.Fd).ToArray(), Patience.Long);
        }

        var texts = new List<string>();
        int number = 0;
        foreach (int expected in (int[])[253, 253, 14])
        {
            using ReceivedMessage message = Some.Receive(right);
            texts.Add(message.Text);
            Assert.Equal(expected, message.Descriptors.Count);
            Assert.All(message.Descriptors, d => Assert.True(Some.AreSame(files[number++].Fd, d.Fd)));
        }

        Assert.Equal(["hello wor", "l", "d"], texts);
        Array.ForEach(files, file => file.Dispose());
    }

    [LinuxTheory]
    [InlineData(SocketType.Seqpacket, false)]
    [InlineData(SocketType.Seqpacket, true)]
    [InlineData(SocketType.Dgram, false)]
    public async Task The_first_packet_has_the_data_and_the_following_packets_are_empty(SocketType type, bool isAsync)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        if (isAsync)
        {
            await DescriptorSender.SendAsync(
                left.SafeHandle, "hello"u8.ToArray(), Enumerable.Repeat(file.SafeHandle, 300).ToArray(), Patience.Long);
        }
        else
        {
            DescriptorSender.SendNumbers(left.SafeHandle, "hello"u8, Enumerable.Repeat(file.Fd, 300).ToArray(), Patience.Long);
        }

        using ReceivedMessage first = Some.Receive(right);
        using ReceivedMessage second = Some.Receive(right);
        Assert.Equal(("hello", 253), (first.Text, first.Descriptors.Count));
        Assert.Equal(("", 47), (second.Text, second.Descriptors.Count));
    }

    [LinuxFact]
    public void Too_little_data_for_so_many_descriptors_is_refused_on_a_stream_before_anything_is_sent()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        ArgumentException exception = Assert.Throws<ArgumentException>(
            () => DescriptorSender.SendNumbers(left.SafeHandle, "ab"u8, Enumerable.Repeat(file.Fd, 507).ToArray(), Patience.Long));
        Assert.Contains("Descriptors: 507; bytes of data: 2; required: 3.", exception.Message);
        Assert.Throws<TimeoutException>(() => DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.None));
    }

    [LinuxFact]
    public async Task A_sender_of_thousands_of_descriptors_waits_for_the_receiver_and_loses_none()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Dgram);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();

        // A datagram socket queues few packets (net.unix.max_dgram_qlen), so this has to wait.
        Task sending = Task.Run(
            () => DescriptorSender.SendNumbers(left.SafeHandle, Enumerable.Repeat(file.Fd, 10_000).ToArray(), Patience.Long));
        int count = 0;
        while (count < 10_000)
        {
            using ReceivedMessage message = Some.Receive(right);
            count += message.Descriptors.Count;
        }

        await sending;
        Assert.Equal(10_000, count);
    }
}
