using System.Net.Sockets;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;

namespace PSFdPass.Benchmarks;

/// <summary>Sends descriptors over a socket pair, receives them and closes them, in each way that the library offers.</summary>
[MemoryDiagnoser]
public class PassingBenchmarks
{
    private readonly byte[] _data = new byte[1];
    private readonly int[] _received = new int[DescriptorSender.MaxDescriptorsPerMessage];
    private readonly FileDescriptor[] _owned = new FileDescriptor[DescriptorSender.MaxDescriptorsPerMessage];
    private Socket _left = null!;
    private Socket _right = null!;
    private FileDescriptor _device = null!;
    private int[] _numbers = null!;
    private SafeHandle[] _handles = null!;

    /// <summary>Gets or sets the number of descriptors per message.</summary>
    [Params(1, 253)]
    public int Count { get; set; }

    /// <summary>Opens the sockets and the descriptors to send.</summary>
    [GlobalSetup]
    public void Open()
    {
        (_left, _right) = UnixSocket.CreatePair(SocketType.Stream);
        _device = FileDescriptor.Open("/dev/null", FileAccess.ReadWrite);
        _numbers = [.. Enumerable.Repeat(_device.Fd, Count)];
        _handles = [.. Enumerable.Repeat(_device.SafeHandle, Count)];
    }

    /// <summary>Closes the sockets and the descriptors.</summary>
    [GlobalCleanup]
    public void Close()
    {
        _left.Dispose();
        _right.Dispose();
        _device.Dispose();
    }

    /// <summary>Receives numbers into the caller's span.</summary>
    [Benchmark(Baseline = true)]
    public int Numbers()
    {
        DescriptorSender.SendNumbers(_left.SafeHandle, _numbers, Timeout.InfiniteTimeSpan);
        ReceiveResult result = DescriptorReceiver.ReceiveNumbers(_right.SafeHandle, _data, _received, Timeout.InfiniteTimeSpan);
        FileDescriptor.CloseAll(_received.AsSpan(0, result.Descriptors));
        return result.Descriptors;
    }

    /// <summary>Receives objects that own their descriptors, into the caller's span.</summary>
    [Benchmark]
    public int Owned()
    {
        DescriptorSender.Send(_left.SafeHandle, _handles, Timeout.InfiniteTimeSpan);
        ReceiveResult result = DescriptorReceiver.Receive(_right.SafeHandle, _data, _owned, Timeout.InfiniteTimeSpan);
        foreach (FileDescriptor descriptor in _owned.AsSpan(0, result.Descriptors))
        {
            descriptor.Dispose();
        }

        return result.Descriptors;
    }

    /// <summary>Receives a message: an object with its data and its descriptors.</summary>
    [Benchmark]
    public int Message()
    {
        DescriptorSender.Send(_left.SafeHandle, _handles, Timeout.InfiniteTimeSpan);
        using ReceivedMessage message = DescriptorReceiver.ReceiveMessage(_right.SafeHandle, Timeout.InfiniteTimeSpan)!;
        return message.Descriptors.Count;
    }

    /// <summary>Receives a message asynchronously, without having to wait for it.</summary>
    [Benchmark]
    public async Task<int> MessageAsync()
    {
        await DescriptorSender.SendAsync(_left.SafeHandle, new byte[] { 1 }, _handles, Timeout.InfiniteTimeSpan);
        using ReceivedMessage? message = await DescriptorReceiver.ReceiveMessageAsync(_right.SafeHandle, Timeout.InfiniteTimeSpan);
        return message!.Descriptors.Count;
    }
}
