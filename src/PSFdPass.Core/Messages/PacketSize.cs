using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Messages;

/// <summary>Determines how large a buffer must be to receive any packet whole.</summary>
/// <remarks>
/// A buffer of the size of the next packet is not enough, because another thread can receive that packet first, and the packet
/// after it can be larger. Therefore, the buffer is also large enough for any packet from a sender without privileges, whose send
/// buffer is at most twice net.core.wmem_max. Larger packets, from a sender with CAP_NET_ADMIN (SO_SNDBUFFORCE), are received whole
/// if no other thread receives at the same time.
/// </remarks>
internal static class PacketSize
{
    private const int LargestOnMacOS = 128 << 10;
    private static int s_largest;

    /// <summary>Returns the size in bytes that a buffer for the next packet needs.</summary>
    public static Outcome TryGet(int socket, out int size)
    {
        Outcome outcome = ReceiveOnce.TryPeekSize(socket, out int next);
        int largest = s_largest;
        if (outcome == Outcome.Done && (largest == 0 || next > largest))
        {
            // The limit on send buffers may have been raised.
            s_largest = largest = Math.Max(next, LargestUnprivileged());
        }

        size = largest;
        return outcome;
    }

    private static int LargestUnprivileged() => OperatingSystem.IsLinux()
        ? (int)Math.Min(2 * Math.Max(Setting("wmem_max"), Setting("wmem_default")), int.MaxValue / 2)
        : LargestOnMacOS;

    private static long Setting(string name)
    {
        const long Usual = 212992;
        return long.TryParse(ProcFs.TryRead("/proc/sys/net/core/" + name), out long value) && value > 0 ? value : Usual;
    }
}
