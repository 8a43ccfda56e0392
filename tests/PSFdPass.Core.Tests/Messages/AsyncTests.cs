using System.Runtime.InteropServices;
using System.Diagnostics;
using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>Many asynchronous waits at once, without a thread for each.</summary>
public sealed class AsyncTests
{
    private const int Many = 500;

    [LinuxFact]
    public async Task Hundreds_of_receives_wait_without_a_thread_for_each()
    {
        (Socket Left, Socket Right)[] pairs = [.. Enumerable.Range(0, Many).Select(_ => UnixSocket.CreatePair())];
        using FileDescriptor file = Some.File();
        int before = Threads();
        Task<ReceivedMessage?>[] receiving =
            [.. pairs.Select(pair => DescriptorReceiver.ReceiveMessageAsync(pair.Right.SafeHandle, Patience.Long).AsTask())];
        Assert.DoesNotContain(receiving, task => task.IsCompleted);
        Assert.InRange(Threads(), 1, before + 20);

        foreach ((Socket left, _) in pairs.Reverse())
        {
            left.SendDescriptors(file.SafeHandle);
        }

        foreach (ReceivedMessage? message in await Task.WhenAll(receiving))
        {
            Assert.True(Some.AreSame(file.Fd, Assert.Single(message!.Descriptors).Fd));
            message.Dispose();
        }

        Assert.InRange(Threads(), 1, before + 20 + (2 * Environment.ProcessorCount));
        DisposeAll(pairs);
    }

    [LinuxFact]
    public async Task Hundreds_of_sends_wait_without_a_thread_for_each()
    {
        (Socket Left, Socket Right)[] pairs = [.. Enumerable.Range(0, Many).Select(_ => UnixSocket.CreatePair(SocketType.Dgram))];
        using FileDescriptor file = Some.File();
        Array.ForEach(pairs, pair => Some.Fill(pair.Left));
        int before = Threads();
        Task[] sending =
            [.. pairs.Select(pair => DescriptorSender.SendAsync(pair.Left.SafeHandle, new byte[] { 1 }, new SafeHandle[] { file.SafeHandle }, Patience.Long).AsTask())];
        Assert.DoesNotContain(sending, task => task.IsCompleted);
        Assert.InRange(Threads(), 1, before + 20);

        foreach ((_, Socket right) in pairs)
        {
            // The messages that filled the buffer arrive first.
            ReceivedMessage message;
            do
            {
                message = Some.Receive(right);
            }
            while (message.Descriptors.Count == 0);
            Assert.Equal([1], message.Data);
            message.Dispose();
        }

        await Task.WhenAll(sending);

        DisposeAll(pairs);
    }

    [LinuxFact]
    public async Task Cancellation_and_timeouts_of_some_waits_do_not_affect_the_others()
    {
        (Socket Left, Socket Right)[] pairs = [.. Enumerable.Range(0, 90).Select(_ => UnixSocket.CreatePair(SocketType.Seqpacket))];
        using var source = new CancellationTokenSource();
        Task<ReceivedMessage?>[] receiving =
        [
            .. pairs.Select((pair, number) => DescriptorReceiver.ReceiveMessageAsync(
                pair.Right.SafeHandle, number % 3 == 1 ? Patience.Short : Patience.Long, number % 3 == 2 ? source.Token : default).AsTask()),
        ];
        source.Cancel();
        for (int i = 0; i < pairs.Length; i += 3)
        {
            Some.Send(pairs[i].Left, [(byte)i]);
        }

        for (int i = 0; i < pairs.Length; i++)
        {
            switch (i % 3)
            {
                case 0:
                    Assert.Equal([(byte)i], (await receiving[i])!.Data);
                    break;
                case 1:
                    await Assert.ThrowsAsync<TimeoutException>(() => receiving[i]);
                    break;
                default:
                    await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving[i]);
                    break;
            }
        }

        DisposeAll(pairs);
    }

    [LinuxFact]
    public async Task Two_waits_on_one_socket_receive_one_message_each()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Seqpacket);
        using var _ = left;
        using var __ = right;
        Task<ReceivedMessage?> first = DescriptorReceiver.ReceiveMessageAsync(right.SafeHandle, Patience.Long).AsTask();
        Task<ReceivedMessage?> second = DescriptorReceiver.ReceiveMessageAsync(right.SafeHandle, Patience.Long).AsTask();
        Some.Send(left, "one"u8);
        Some.Send(left, "two"u8);
        Assert.Equal(["one", "two"], new[] { (await first)!.Text, (await second)!.Text }.Order());
    }

    [LinuxFact]
    public async Task Large_data_with_descriptors_passes_while_both_sides_wait_for_each_other()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = right;
        byte[] data = new byte[5_000_000];
        new Random(5).NextBytes(data);
        FileDescriptor[] files = Some.Files(300);
        Task sending = SendAndClose();
        var joined = new MemoryStream();
        var descriptors = new List<FileDescriptor>();
        while (await DescriptorReceiver.ReceiveMessageAsync(right.SafeHandle, Patience.Long) is { } message)
        {
            joined.Write(message.Data);
            descriptors.AddRange(message.Descriptors);
        }

        await sending;
        Assert.True(joined.ToArray().AsSpan().SequenceEqual(data));
        Assert.Equal(files.Select((_, number) => $"file {number}"), descriptors.Select(d => Some.Read(d)));
        descriptors.ForEach(d => d.Dispose());
        Array.ForEach(files, file => file.Dispose());

        async Task SendAndClose()
        {
            await DescriptorSender.SendAsync(left.SafeHandle, data, files.Select(file => file.SafeHandle).ToArray(), Patience.Long);
            left.Dispose();
        }
    }

    [LinuxFact]
    public async Task Accepts_on_many_listeners_wait_without_a_thread_for_each()
    {
        string prefix = Guid.NewGuid().ToString();
        Socket[] listeners = [.. Enumerable.Range(0, 50).Select(
            number => UnixSocketListener.Create(UnixSocketAddress.FromAbstractName($"{prefix}{number}")))];
        int before = Threads();
        Task<Socket>[] accepting = [.. listeners.Select(listener => UnixSocket.AcceptAsync(listener.SafeHandle, Patience.Long))];
        Assert.InRange(Threads(), 1, before + 20);
        Socket[] clients = [.. await Task.WhenAll(Enumerable.Range(0, 50).Select(
            number => UnixSocket.ConnectAsync(
                UnixSocketAddress.FromAbstractName($"{prefix}{number}"), SocketType.Stream, Patience.Long)))];
        Socket[] accepted = await Task.WhenAll(accepting);
        for (int i = 0; i < 50; i++)
        {
            Some.Send(clients[i], [(byte)i]);
            Assert.Equal([(byte)i], Some.Receive(accepted[i]).Data);
            clients[i].Dispose();
            accepted[i].Dispose();
            listeners[i].Dispose();
        }
    }

    private static int Threads() => Process.GetCurrentProcess().Threads.Count;

    private static void DisposeAll((Socket Left, Socket Right)[] pairs)
    {
        foreach ((Socket left, Socket right) in pairs)
        {
            left.Dispose();
            right.Dispose();
        }
    }
}
