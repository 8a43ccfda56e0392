using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace PSFdPass.Benchmarks.Workers;

/// <summary>
/// The loop that passes descriptors, with the library. It has the same protocol as the loops in other languages
/// (benchmarks/peers/README.md). <c>numbers</c> receives numbers into the caller's span and closes them, <c>owned</c> sends and receives
/// objects that own their descriptors, <c>messages</c> receives one object per message, and <c>batch</c> sends and receives several
/// messages per call. <c>bare</c> and <c>bare-handles</c> do not use the library (see <see cref="BareLoop"/>). <c>send</c> answers with the
/// time of the sends alone. With the prefix <c>bytes-</c>, the answer is the number of bytes that the loop has allocated, not the time.
/// </summary>
internal static class LoopWorker
{
    private static readonly FileDescriptor[] Received = new FileDescriptor[DescriptorSender.MaxDescriptorsPerMessage];

    public static void Run()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Stream);
        using FileDescriptor device = FileDescriptor.Open("/dev/null", FileAccess.ReadWrite);
        int[] numbers = new int[DescriptorSender.MaxDescriptorsPerMessage];
        Array.Fill(numbers, device.Fd);
        var handles = new SafeHandle[numbers.Length];
        Array.Fill(handles, device.SafeHandle);
        while (Console.In.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            int count = int.Parse(words[1]);
            int times = int.Parse(words[2]);
            if (words[0] == "send")
            {
                Console.Out.WriteLine(SendOnly(left.SafeHandle, right.SafeHandle, handles.AsSpan(0, count), times));
                continue;
            }

            bool countsBytes = words[0].StartsWith("bytes-", StringComparison.Ordinal);
            string work = words[0].Replace("bytes-", "");
            long bytes = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            switch (work)
            {
                case "owned":
                    PassOwned(left.SafeHandle, right.SafeHandle, handles.AsSpan(0, count), times);
                    break;
                case "messages":
                    PassMessages(left.SafeHandle, right.SafeHandle, handles.AsSpan(0, count), times);
                    break;
                case "batch":
                    PassBatch(left.SafeHandle, right.SafeHandle, numbers.AsSpan(0, count), times);
                    break;
                case "bare":
                    BareLoop.Pass(left.SafeHandle, right.SafeHandle, device.Fd, times);
                    break;
                case "bare-handles":
                    BareLoop.PassHandles(left.SafeHandle, right.SafeHandle, device.SafeHandle, times);
                    break;
                default:
                    PassNumbers(left.SafeHandle, right.SafeHandle, numbers.AsSpan(0, count), times);
                    break;
            }

            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
            Console.Out.WriteLine(countsBytes ? bytes : (long)elapsed.TotalNanoseconds);
        }
    }

    private static void PassNumbers(SafeHandle left, SafeHandle right, ReadOnlySpan<int> descriptors, int times)
    {
        Span<byte> data = stackalloc byte[1];
        Span<int> received = stackalloc int[DescriptorSender.MaxDescriptorsPerMessage];
        for (int i = 0; i < times; i++)
        {
            DescriptorSender.SendNumbers(left, descriptors, Timeout.InfiniteTimeSpan);
            ReceiveResult result = DescriptorReceiver.ReceiveNumbers(right, data, received, Timeout.InfiniteTimeSpan);
            Check(result.Flags, result.Descriptors, descriptors.Length);
            FileDescriptor.CloseAll(received[..result.Descriptors]);
        }
    }

    private static void PassBatch(SafeHandle left, SafeHandle right, ReadOnlySpan<int> descriptors, int times)
    {
        Span<byte> data = stackalloc byte[64];
        Span<int> received = stackalloc int[DescriptorSender.MaxDescriptorsPerMessage];
        var results = new ReceiveResult[64];
        for (int i = 0; i < times; i++)
        {
            DescriptorSender.SendEachNumber(left, "x"u8, descriptors, Timeout.InfiniteTimeSpan);
            int got = 0;
            while (got < descriptors.Length)
            {
                int count = DescriptorReceiver.ReceiveNumbers(right, data, received[got..], results, Timeout.InfiniteTimeSpan);
                for (int k = 0; k < count; k++)
                {
                    Check(results[k].Flags, results[k].Descriptors, 1);
                }

                got += count;
            }

            FileDescriptor.CloseAll(received[..got]);
        }
    }

    private static void PassOwned(SafeHandle left, SafeHandle right, ReadOnlySpan<SafeHandle> descriptors, int times)
    {
        Span<byte> data = stackalloc byte[1];
        for (int i = 0; i < times; i++)
        {
            DescriptorSender.Send(left, descriptors, Timeout.InfiniteTimeSpan);
            ReceiveResult result = DescriptorReceiver.Receive(right, data, Received, Timeout.InfiniteTimeSpan);
            Check(result.Flags, result.Descriptors, descriptors.Length);
            FileDescriptor.DisposeAll(Received.AsSpan(0, result.Descriptors));
        }
    }

    // Returns the time of the sends alone, in nanoseconds. The socket has space for about 270 messages that have not been received.
    private static long SendOnly(SafeHandle left, SafeHandle right, ReadOnlySpan<SafeHandle> descriptors, int times)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < times; i++)
        {
            DescriptorSender.Send(left, descriptors, Timeout.InfiniteTimeSpan);
        }

        long elapsed = (long)Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        for (int i = 0; i < times; i++)
        {
            using ReceivedMessage message = DescriptorReceiver.ReceiveMessage(right, Timeout.InfiniteTimeSpan)!;
        }

        return elapsed;
    }

    // Passes the descriptors in messages. A received message is an object with data and descriptors.
    private static void PassMessages(SafeHandle left, SafeHandle right, ReadOnlySpan<SafeHandle> descriptors, int times)
    {
        for (int i = 0; i < times; i++)
        {
            DescriptorSender.Send(left, descriptors, Timeout.InfiniteTimeSpan);
            using ReceivedMessage message = DescriptorReceiver.ReceiveMessage(right, Timeout.InfiniteTimeSpan)!;
            Check(message.Flags, message.Descriptors.Count, descriptors.Length);
        }
    }

    private static void Check(MessageFlags flags, int received, int sent)
    {
        if (flags != MessageFlags.None || received != sent)
        {
            throw new BenchmarkException($"{received} of {sent} descriptors came.");
        }
    }
}
