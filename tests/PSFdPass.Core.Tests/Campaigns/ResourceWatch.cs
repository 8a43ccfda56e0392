using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>Compares the open descriptors and the memory of this process at two times, and collects garbage in between.</summary>
internal sealed class ResourceWatch : IDisposable
{
    // More than the differences between measurements of one state, and far less than the size of a million small objects.
    private const long ManagedTolerance = 4 << 20;
    private const long ResidentTolerance = 64 << 20;

    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _collector;
    private readonly Dictionary<int, string> _open;
    private readonly long _managed;
    private readonly long _resident;

    public ResourceWatch()
    {
        StartPoller();
        OpenDescriptors.Settle();
        _open = OpenDescriptors.List();
        _managed = GC.GetTotalMemory(forceFullCollection: true);
        _resident = Environment.WorkingSet;
        _collector = new Thread(() =>
        {
            while (!_stop.Wait(20))
            {
                GC.Collect();
            }
        });
        _collector.Start();
    }

    /// <summary>Gets the number of bytes by which the resident memory has grown, which <see cref="AssertFlat"/> sets.</summary>
    public long ResidentGrowth { get; private set; }

    /// <summary>Stops collecting garbage, and fails if descriptors or memory have accumulated or descriptors are missing.</summary>
    public void AssertFlat()
    {
        Dispose();
        OpenDescriptors.Settle();
        Assert.Equal(_open.Values.Order(), OpenDescriptors.List().Values.Order());
        long managed = GC.GetTotalMemory(forceFullCollection: true) - _managed;
        ResidentGrowth = Environment.WorkingSet - _resident;
        Assert.True(managed < ManagedTolerance, $"The managed memory has grown by {managed} bytes.");
        Assert.True(ResidentGrowth < ResidentTolerance, $"The resident memory has grown by {ResidentGrowth} bytes.");
    }

    public void Dispose()
    {
        _stop.Set();
        _collector.Join();
    }

    // The thread that serves asynchronous waits keeps a descriptor open as long as the process runs. The wait is long enough to start it.
    private static void StartPoller()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        Assert.Throws<TimeoutException>(
            () => DescriptorReceiver.ReceiveMessageAsync(left.SafeHandle, TimeSpan.FromSeconds(0.5)).AsTask().GetAwaiter().GetResult());
        left.Dispose();
        right.Dispose();
    }
}
