using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>
/// Hand-overs between several threads, while the garbage collector runs and waits are canceled or time out at random moments: each
/// payload arrives once, with its own descriptor.
/// </summary>
[Trait("Category", "Campaign")]
public sealed class HandOverCampaign
{
    private const int Files = 64;
    private const int Senders = 2;
    private const int Receivers = 2;

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void Each_message_arrives_once_with_its_own_descriptor(SocketType type)
    {
        int perSender = 5_000 * Campaign.Scale;
        using var campaign = new Campaign($"hand-overs, {type}");
        FileDescriptor[] files = Some.Files(Files);
        ulong[] inodes = Array.ConvertAll(files, InodeOf);
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        int total = Senders * perSender;
        byte[] seen = new byte[total];
        int received = 0;
        int wrong = 0;
        int interrupted = 0;
        using var done = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!done.Token.WaitHandle.WaitOne(20))
            {
                GC.Collect();
            }
        });
        collector.Start();
        Dictionary<int, string> before = OpenDescriptors.List();
        Task[] senders = [.. Enumerable.Range(0, Senders).Select(sender => Run(() =>
        {
            var random = new Random(sender);
            byte[] payload = new byte[4];
            for (int i = 0; i < perSender;)
            {
                int number = (sender * perSender) + i;
                BitConverter.TryWriteBytes(payload, number);
                try
                {
                    // A message of 4 bytes is sent whole or not at all.
                    Interrupt(random, (timeout, token) => DescriptorSender.Send(
                        left.SafeHandle, payload, [files[number % Files].SafeHandle], timeout, token));
                    i++;
                }
                catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
                {
                    Interlocked.Increment(ref interrupted);
                }
            }
        }))];
        Task[] receivers = [.. Enumerable.Range(0, Receivers).Select(receiver => Run(() =>
        {
            var random = new Random(100 + receiver);
            while (Volatile.Read(ref received) < total)
            {
                try
                {
                    ReceivedMessage? message = null;
                    Interrupt(random, (timeout, token) => message = DescriptorReceiver.ReceiveMessage(
                        right.SafeHandle, timeout, token, bufferSize: 4));
                    using (message)
                    {
                        int number = BitConverter.ToInt32(message!.Data);
                        bool isRight = message.Descriptors.Count == 1 && InodeOf(message.Descriptors[0]) == inodes[number % Files];
                        Interlocked.Add(ref wrong, isRight && Interlocked.Exchange(ref seen[number], 1) == 0 ? 0 : 1);
                        Interlocked.Increment(ref received);
                    }
                }
                catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
                {
                    Interlocked.Increment(ref interrupted);
                }
            }
        }))];
        Task.WaitAll([.. senders, .. receivers]);
        done.Cancel();
        collector.Join();
        Assert.Equal((total, 0), (received, wrong));
        Assert.DoesNotContain((byte)0, seen);
        Assert.Equal(before.Keys.Order(), OpenDescriptors.List().Keys.Where(before.ContainsKey).Order());
        left.Dispose();
        right.Dispose();
        Array.ForEach(files, file => file.Dispose());
        campaign.Count("messages", total);
        campaign.Count("waits interrupted", interrupted);
        campaign.Count("lost", total - received);
        campaign.Count("wrong", wrong);
    }

    // Without a limit, with a timeout, or with a cancellation at a random moment.
    private static void Interrupt(Random random, Action<TimeSpan, CancellationToken> wait)
    {
        switch (random.Next(20))
        {
            case 0:
                using (var source = new CancellationTokenSource(TimeSpan.FromMicroseconds(random.Next(1500))))
                {
                    wait(Patience.Short, source.Token);
                }

                break;
            case 1:
                wait(TimeSpan.Zero, default);
                break;
            default:
                wait(Patience.Short, default);
                break;
        }
    }

    private static Task Run(Action action) => Task.Factory.StartNew(action, TaskCreationOptions.LongRunning);

    private static ulong InodeOf(FileDescriptor file)
    {
        Assert.True(SysStat.TryGetStatus(file.Fd, out SysStat.FileStatus status));
        return status.Inode;
    }
}
