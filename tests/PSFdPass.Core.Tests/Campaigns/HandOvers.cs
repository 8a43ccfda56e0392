using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>
/// Numbered messages, each with a descriptor of the file that belongs to its number. Several threads send and receive them in every
/// way. Some of the waits are canceled or time out at random moments, and are repeated.
/// </summary>
internal sealed class HandOvers(int total, ulong[] inodes)
{
    private const int Batch = 4;
    private readonly byte[] _seen = Touched(total);
    private int _received;
    private int _wrong;
    private int _interrupted;
    private long _lastProgress;

    /// <summary>Gets the number of threads that send, and of threads that receive.</summary>
    public static int Threads => 2;

    public int Received => _received;

    /// <summary>Gets the number of messages that arrived twice or with a wrong descriptor.</summary>
    public int Wrong => _wrong;

    public int Interrupted => _interrupted;

    public int Missing => _seen.Count(static times => times == 0);

    /// <summary>Returns the inodes by which the files are recognized.</summary>
    public static ulong[] InodesOf(IEnumerable<FileDescriptor> files) => [.. files.Select(static file => InodeOf(file.Fd))];

    /// <summary>Starts threads that send all numbers, each thread its share.</summary>
    public Task[] Send(SafeHandle socket, FileDescriptor[] files) => [.. Enumerable.Range(0, Threads).Select(sender => Run(() =>
    {
        var random = new Random(sender);
        byte[] payload = new byte[sizeof(int)];
        for (int number = sender; number < total; number += Threads)
        {
            BitConverter.TryWriteBytes(payload, number);
            SafeHandle[] file = [files[number % files.Length].SafeHandle];

            // A message of 4 bytes is sent whole or not at all.
            while (!TryWait(random, (timeout, token) => Send(socket, payload, file, random.Next(3), timeout, token)))
            {
            }
        }
    }))];

    /// <summary>Starts threads that receive until all messages have arrived.</summary>
    public Task[] Receive(SafeHandle socket)
    {
        _lastProgress = Environment.TickCount64;
        return [.. Enumerable.Range(0, Threads).Select(receiver => Run(() =>
        {
            var random = new Random(100 + receiver);
            var buffers = new Buffers();
            while (Volatile.Read(ref _received) < total)
            {
                if (TryWait(random, (timeout, token) => Receive(socket, buffers, random.Next(4), timeout, token)))
                {
                    Volatile.Write(ref _lastProgress, Environment.TickCount64);
                }
                else if (Environment.TickCount64 - Volatile.Read(ref _lastProgress) > Patience.Long.TotalMilliseconds)
                {
                    throw new TimeoutException($"{_received} of {total} messages arrived, and then none.");
                }
            }
        }))];
    }

    private static void Send(SafeHandle socket, byte[] payload, SafeHandle[] file, int way, TimeSpan timeout, CancellationToken token)
    {
        switch (way)
        {
            case 0:
                DescriptorSender.SendAsync(socket, payload, file, timeout, token).AsTask().GetAwaiter().GetResult();
                break;
            case 1:
                DescriptorSender.SendNumbers(socket, payload, [(int)file[0].DangerousGetHandle()], timeout, token);
                break;
            default:
                DescriptorSender.Send(socket, payload, file, timeout, token);
                break;
        }
    }

    private void Receive(SafeHandle socket, Buffers buffers, int way, TimeSpan timeout, CancellationToken token)
    {
        switch (way)
        {
            case 0:
                Take(DescriptorReceiver.ReceiveMessage(socket, timeout, token, bufferSize: sizeof(int)));
                break;
            case 1:
                Take(DescriptorReceiver.ReceiveMessageAsync(socket, timeout, token, bufferSize: sizeof(int)).AsTask().GetAwaiter().GetResult());
                break;
            case 2:
                ReceiveResult one = DescriptorReceiver.Receive(
                    socket, buffers.Data.AsSpan(0, sizeof(int)), buffers.Descriptors, timeout, token);
                Take(buffers.Data, one.Descriptors == 1 ? buffers.Descriptors[0].Fd : -1);
                foreach (FileDescriptor descriptor in buffers.Descriptors.AsSpan(0, one.Descriptors))
                {
                    descriptor.Dispose();
                }

                break;
            default:
                int count = DescriptorReceiver.ReceiveNumbers(socket, buffers.Data, buffers.Numbers, buffers.Results, timeout, token);
                int first = 0;
                for (int i = 0; i < count && !buffers.Results[i].IsEndOfStream; i++)
                {
                    Take(buffers.Data.AsSpan(i * sizeof(int)), buffers.Results[i].Descriptors == 1 ? buffers.Numbers[first] : -1);
                    first += buffers.Results[i].Descriptors;
                }

                Closing.CloseAll(buffers.Numbers.AsSpan(0, first));
                break;
        }
    }

    private void Take(ReceivedMessage? message)
    {
        using (message)
        {
            if (message is not null)
            {
                Take(message.Data, message.Descriptors.Count == 1 ? message.Descriptors[0].Fd : -1);
            }
        }
    }

    private void Take(ReadOnlySpan<byte> data, int fd)
    {
        int number = data.Length >= sizeof(int) ? BitConverter.ToInt32(data) : -1;
        bool isRight = number >= 0 && number < total && fd >= 0 && InodeOf(fd) == inodes[number % inodes.Length] &&
            Interlocked.Exchange(ref _seen[number], 1) == 0;
        if (!isRight)
        {
            Interlocked.Increment(ref _wrong);
        }

        Interlocked.Increment(ref _received);
    }

    // Waits for a short time, not at all, or until a cancellation at a random moment. Returns false when the wait was interrupted.
    private bool TryWait(Random random, Action<TimeSpan, CancellationToken> wait)
    {
        try
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

            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            Interlocked.Increment(ref _interrupted);
            return false;
        }
    }

    private static Task Run(Action action) => Task.Factory.StartNew(action, TaskCreationOptions.LongRunning);

    private static ulong InodeOf(int fd)
    {
        Assert.True(SysStat.TryGetStatus(fd, out SysStat.FileStatus status));
        return status.Inode;
    }

    // Every page is in memory from the beginning, so that the memory in use can be compared.
    private static byte[] Touched(int length)
    {
        byte[] bytes = new byte[length];
        Array.Fill(bytes, (byte)1);
        Array.Clear(bytes);
        return bytes;
    }

    private sealed class Buffers
    {
        public byte[] Data { get; } = new byte[Batch * sizeof(int)];

        public int[] Numbers { get; } = new int[8];

        public FileDescriptor[] Descriptors { get; } = new FileDescriptor[2];

        public ReceiveResult[] Results { get; } = new ReceiveResult[Batch];
    }
}
