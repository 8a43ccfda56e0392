using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace PSFdPass.Tests;

/// <summary>Several threads on one socket.</summary>
public sealed class SharedSocketTests : IDisposable
{
    private const int Large = 5000;
    private readonly FileDescriptor _file = Some.File();

    public void Dispose() => _file.Dispose();

    [LinuxTheory]
    [InlineData(SocketType.Seqpacket)]
    [InlineData(SocketType.Dgram)]
    public void Two_threads_that_receive_small_and_large_packets_truncate_none(SocketType type)
    {
        const int Packets = 20_000;
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        int truncated = 0;
        int received = 0;
        Thread[] receivers = [.. Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            while (true)
            {
                using ReceivedMessage message = DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long)!;
                if (message.Data.Length == 2)
                {
                    return;
                }

                Interlocked.Increment(ref received);
                if (message.Data.Length is not (1 or Large) || message.Flags != MessageFlags.None || message.BytesLost != 0)
                {
                    Interlocked.Increment(ref truncated);
                }
            }
        }) { IsBackground = true })];
        Array.ForEach(receivers, thread => thread.Start());
        byte[] large = new byte[Large];
        for (int i = 0; i < Packets; i++)
        {
            DescriptorSender.Send(left.SafeHandle, i % 2 == 0 ? large.AsSpan(0, 1) : large, [], Patience.Long);
        }

        foreach (Thread receiver in receivers)
        {
            DescriptorSender.Send(left.SafeHandle, "ok"u8, [], Patience.Long);
        }

        Assert.All(receivers, receiver => Assert.True(receiver.Join(Patience.Long)));
        Assert.Equal((Packets, 0), (received, truncated));
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void Eight_threads_that_send_and_receive_descriptors_lose_none(SocketType type)
    {
        const int Threads = 4;
        const int EachSends = 2000;
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        int received = 0;
        bool[] seen = new bool[Threads * EachSends];
        Task[] tasks =
        [
            .. Enumerable.Range(0, Threads).Select(sender => Task.Factory.StartNew(
                () =>
                {
                    for (int i = 0; i < EachSends; i++)
                    {
                        DescriptorSender.Send(
                            left.SafeHandle, BitConverter.GetBytes((sender * EachSends) + i), [_file.SafeHandle], Patience.Long);
                    }
                },
                TaskCreationOptions.LongRunning)),
            .. Enumerable.Range(0, Threads).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    while (Volatile.Read(ref received) < Threads * EachSends)
                    {
                        try
                        {
                            using ReceivedMessage message = DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Short)!;
                            Assert.Single(message.Descriptors);
                            seen[BitConverter.ToInt32(message.Data)] = true;
                            Interlocked.Increment(ref received);
                        }
                        catch (TimeoutException)
                        {
                        }
                    }
                },
                TaskCreationOptions.LongRunning)),
        ];
        Assert.True(Task.WaitAll(tasks, Patience.Long));
        Assert.DoesNotContain(false, seen);
        Assert.Equal(Threads * EachSends, received);
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void Two_threads_that_wait_for_one_message_both_end(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        var first = BlockedThread.Start(() => DescriptorReceiver.ReceiveMessage(right.SafeHandle, TimeSpan.FromSeconds(1))!.Dispose());
        var second = BlockedThread.Start(() => DescriptorReceiver.ReceiveMessage(right.SafeHandle, TimeSpan.FromSeconds(1))!.Dispose());
        DescriptorSender.Send(left.SafeHandle, [_file.SafeHandle], Patience.Long);
        Exception?[] outcomes = [first.Join(), second.Join()];
        Assert.Single(outcomes, outcome => outcome is null);
        Assert.Single(outcomes, outcome => outcome is TimeoutException);
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void Disposing_the_socket_ends_the_waits_of_two_threads_and_closes_its_number_at_once(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        int fd = (int)right.Handle;
        var first = BlockedThread.Start(() => DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long));
        var second = BlockedThread.Start(() => DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long));
        right.Dispose();
        Assert.False(Some.IsOpen(fd));
        Assert.IsType<ObjectDisposedException>(first.Join());
        Assert.IsType<ObjectDisposedException>(second.Join());
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public async Task Disposing_a_FileDescriptor_ends_asynchronous_waits_and_closes_its_number_at_once(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        var descriptor = FileDescriptor.Duplicate((int)right.Handle);
        int fd = descriptor.Fd;
        Task<ReceivedMessage?> receiving = DescriptorReceiver.ReceiveMessageAsync(descriptor.SafeHandle, Patience.Long).AsTask();
        Assert.False(receiving.IsCompleted);
        descriptor.Dispose();
        Assert.False(Some.IsOpen(fd));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => receiving.WaitAsync(Patience.Long));
    }
}
