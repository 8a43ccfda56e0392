using System.Net.Sockets;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;

namespace PSFdPass.Benchmarks;

/// <summary>Sends descriptors over a socket pair, receives them and closes them, in each of the library's forms.</summary>
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

    /// <summary>Descriptors a message.</summary>
    [Params(1, 253)]
    public int Count { get; set; }

    /// <summary>Opens what is sent, and the sockets.</summary>
    [GlobalSetup]
    public void Open()
    {
        (_left, _right) = UnixSocket.CreatePair(SocketType.Stream);
        _device = FileDescriptor.Open("/dev/null", FileAccess.ReadWrite);
        _numbers = [.. Enumerable.Repeat(_device.Fd, Count)];
        _handles = [.. Enumerable.Repeat(_device.SafeHandle, Count)];
    }

    /// <summary>Closes them.</summary>
    [GlobalCleanup]
    public void Close()
    {
        _left.Dispose();
        _right.Dispose();
        _device.Dispose();
    }

    /// <summary>Numbers, in the caller's span.</summary>
    [Benchmark(Baseline = true)]
    public int Numbers()
    {
        DescriptorSender.SendNumbers(_left.SafeHandle, _numbers, Timeout.InfiniteTimeSpan);
        ReceiveResult result = DescriptorReceiver.ReceiveNumbers(_right.SafeHandle, _data, _received, Timeout.InfiniteTimeSpan);
        FileDescriptor.CloseAll(_received.AsSpan(0, result.Descriptors));
        return result.Descriptors;
    }

    /// <summary>Objects that own them, in the caller's span.</summary>
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

    /// <summary>A message: an object with its data and its descriptors.</summary>
    [Benchmark]
    public int Message()
    {
        DescriptorSender.Send(_left.SafeHandle, _handles, Timeout.InfiniteTimeSpan);
        using ReceivedMessage message = DescriptorReceiver.ReceiveMessage(_right.SafeHandle, Timeout.InfiniteTimeSpan)!;
        return message.Descriptors.Count;
    }

    /// <summary>The same, asynchronously. Nothing is waited for.</summary>
    [Benchmark]
    public async Task<int> MessageAsync()
    {
        await DescriptorSender.SendAsync(_left.SafeHandle, new byte[] { 1 }, _handles, Timeout.InfiniteTimeSpan);
        using ReceivedMessage? message = await DescriptorReceiver.ReceiveMessageAsync(_right.SafeHandle, Timeout.InfiniteTimeSpan);
        return message!.Descriptors.Count;
    }
}
