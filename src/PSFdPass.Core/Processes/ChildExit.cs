using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Processes;

/// <summary>
/// The way in which a child ended: with an exit code or by a signal. Both are null if another thread or process has reaped the child.
/// </summary>
internal sealed record ChildExit(int? Code, int? Signal)
{
    private const int SignalBase = 128;

    /// <summary>The end of a child that another thread or process has reaped.</summary>
    public static readonly ChildExit Unknown = new(null, null);

    /// <summary>Reaps a child if it has ended. Returns null while it runs.</summary>
    /// <param name="id">The process ID, which is used when there is no descriptor.</param>
    /// <param name="descriptor">The process descriptor, or null if there is none.</param>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor is closed.</exception>
    public static ChildExit? TryReap(int id, SafeDescriptorHandle? descriptor)
    {
        int result;
        int status;
        bool isSignal;
        if (descriptor is null)
        {
            result = SysWait.TryWaitById(id, out status, out isSignal);
        }
        else
        {
            using var lease = new HandleLease(descriptor);
            result = SysWait.TryWait(lease.Fd, reap: true, out status, out isSignal);
        }

        return result switch
        {
            0 => null,
            < 0 => Unknown,
            _ => isSignal ? new ChildExit(SignalBase + status, status) : new ChildExit(status, null),
        };
    }
}
