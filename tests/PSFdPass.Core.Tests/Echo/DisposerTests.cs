using PSFdPass.Echo;

namespace PSFdPass.Tests.Echo;

/// <summary>Closing descriptors on other threads, of which some are blocked.</summary>
public sealed class DisposerTests
{
    [Fact]
    public void A_blocked_disposal_does_not_delay_others()
    {
        using var unblock = new ManualResetEvent(false);
        using var disposer = new Disposer();
        FileDescriptor[] descriptors = [.. Enumerable.Range(0, 50).Select(_ => Some.Null())];
        for (int i = 0; i < descriptors.Length; i++)
        {
            disposer.Close(descriptors[i], i % 10 == 0 ? _ => unblock.WaitOne() : null);
        }

        // Five are blocked, and the other 45 are closed.
        Patience.Until(() => disposer.Pending == 5, "the others are closed");
        Assert.Equal(5, descriptors.Count(descriptor => descriptor.IsOpen));
        unblock.Set();
        Patience.Until(() => disposer.Pending == 0, "all are closed");
        Assert.DoesNotContain(descriptors, descriptor => descriptor.IsOpen);
    }

    [Fact]
    public void Disposing_the_disposer_does_not_wait_for_a_blocked_disposal()
    {
        using var unblock = new ManualResetEvent(false);
        FileDescriptor blocking = Some.Null();
        using (var disposer = new Disposer())
        {
            disposer.Close(blocking, _ => unblock.WaitOne());
            disposer.Close(Some.Null());
        }

        Assert.True(blocking.IsOpen);
        unblock.Set();
        Patience.Until(() => !blocking.IsOpen, "the blocked descriptor is closed");
    }
}
