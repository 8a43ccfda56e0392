using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace PSFdPass.Tests;

/// <summary>Sockets on which poll(2) reports ready and recvmsg(2) reports EAGAIN, and packets that look like the end.</summary>
public sealed class DatagramEndTests
{
    [LinuxFact]
    public void A_receive_on_a_datagram_socket_after_shutdown_times_out_without_spinning()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Dgram);
        using var _ = left;
        using var __ = right;
        right.Shutdown(SocketShutdown.Receive);
        TimeSpan used = ThreadTime.Of(() =>
            Assert.Throws<TimeoutException>(() => DescriptorReceiver.ReceiveMessage(right.SafeHandle, TimeSpan.FromSeconds(1))));

        // A loop that spins would use the whole second.
        Assert.True(used < TimeSpan.FromMilliseconds(500), $"{used} of processor time");
    }

    [LinuxFact]
    public async Task An_asynchronous_receive_after_shutdown_can_be_canceled()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Dgram);
        using var _ = left;
        using var __ = right;
        right.Shutdown(SocketShutdown.Receive);
        using var source = new CancellationTokenSource();
        Task<ReceivedMessage?> receiving = DescriptorReceiver.ReceiveMessageAsync(right.SafeHandle, Patience.Long, source.Token).AsTask();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving.WaitAsync(Patience.Long));
    }

    [LinuxFact]
    public void Empty_packets_are_not_the_end_while_more_is_queued_behind_them()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Seqpacket);
        using var _ = right;
        using FileDescriptor file = Some.File();
        Assert.Equal(0, Raw.Send(left, [], []).Errno);
        Assert.Equal(0, Raw.Send(left, [], []).Errno);
        DescriptorSender.SendNumbers(left.SafeHandle, "data"u8, [file.Fd], Patience.Long);
        left.Dispose();
        using ReceivedMessage first = right.ReceiveDescriptors()!;
        using ReceivedMessage second = right.ReceiveDescriptors()!;
        using ReceivedMessage third = right.ReceiveDescriptors()!;
        Assert.Equal((0, 0, 4), (first.Data.Length, second.Data.Length, third.Data.Length));
        Assert.Single(third.Descriptors);
        Assert.Null(right.ReceiveDescriptors());
        Assert.Null(right.ReceiveDescriptors());
    }

    [LinuxFact]
    public void Empty_packets_are_not_the_end_when_a_descriptor_follows()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Seqpacket);
        using var _ = right;
        using FileDescriptor file = Some.File();
        Assert.Equal(0, Raw.Send(left, [], []).Errno);
        Assert.Equal(0, Raw.Send(left, [], [file.Fd]).Errno);
        left.Dispose();
        Assert.NotNull(right.ReceiveDescriptors());
        using ReceivedMessage second = right.ReceiveDescriptors()!;
        Assert.Single(second.Descriptors);
        Assert.Null(right.ReceiveDescriptors());
    }

    [LinuxFact]
    public void Detecting_the_end_does_not_change_the_credentials_option()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Seqpacket);
        using var _ = right;
        left.Dispose();
        Assert.Null(right.ReceiveDescriptors());
        byte[] passCredentials = new byte[4];
        right.GetRawSocketOption(1, 16, passCredentials);
        Assert.Equal(new byte[4], passCredentials);
    }

    [LinuxFact]
    public void All_datagrams_arrive_when_each_message_is_disposed_before_the_next_is_received() => Child.Run(FewDescriptors);

    private static void FewDescriptors()
    {
        Libc.LimitOpenFiles(1024);
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Dgram);
        using FileDescriptor file = Some.File();
        var sender = new Thread(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                DescriptorSender.SendNumbers(left.SafeHandle, "x"u8, Enumerable.Repeat(file.Fd, 200).ToArray(), Patience.Long);
            }
        });
        sender.Start();
        int received = 0;
        for (int i = 0; i < 20; i++)
        {
            using ReceivedMessage message = right.ReceiveDescriptors(Patience.Long)!;
            received += message.Descriptors.Count;
        }

        Assert.Equal(4000, received);
        sender.Join();
    }
}
