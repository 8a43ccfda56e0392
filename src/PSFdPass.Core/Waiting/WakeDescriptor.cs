using PSFdPass.Interop;

namespace PSFdPass.Waiting;

/// <summary>
/// A descriptor to add to a poll(2) so that another thread can end it: one end of a socket pair, readable from a
/// <see cref="Signal"/> until the next <see cref="Drain"/>.
/// </summary>
internal sealed unsafe class WakeDescriptor : IDisposable
{
    private readonly SafeDescriptorHandle _watched;
    private readonly SafeDescriptorHandle _signal;

    /// <summary>Makes one.</summary>
    /// <exception cref="SystemCallException">There are no descriptors left (EMFILE).</exception>
    public WakeDescriptor() => (_watched, _signal) = UnixSocketPair.CreateHandles(System.Net.Sockets.SocketType.Stream);

    /// <summary>The number to poll for POLLIN, valid until <see cref="Dispose"/>.</summary>
    public int Fd => (int)_watched.DangerousGetHandle();

    /// <summary>Ends a poll that is under way, or the next one. May be called from any thread, before <see cref="Dispose"/>.</summary>
    public void Signal()
    {
        // A full buffer (EAGAIN) has signalled already.
        byte one = 1;
        _ = SysSocket.Send((int)_signal.DangerousGetHandle(), &one, 1, Constants.Current.MSG_DONTWAIT);
    }

    /// <summary>Forgets the signals so far.</summary>
    public void Drain()
    {
        byte* buffer = stackalloc byte[64];
        while (SysSocket.Recv(Fd, buffer, 64, Constants.Current.MSG_DONTWAIT) == 64)
        {
        }
    }

    /// <summary>Closes both ends. No thread may be polling or signalling.</summary>
    public void Dispose()
    {
        _signal.Dispose();
        _watched.Dispose();
    }
}
