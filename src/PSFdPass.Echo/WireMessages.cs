using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Messages;

namespace PSFdPass.Echo;

/// <summary>Sends and receives on the wire, without blocking.</summary>
internal static class WireMessages
{
    public static bool TrySend(SafeHandle wire, SafeHandle connection)
    {
        using var lease = new HandleLease(wire);
        using var other = new HandleLease(connection);
        int descriptor = other.Fd;
        return DescriptorSender.TrySendOnce(lease.Fd, [1], new ReadOnlySpan<int>(in descriptor), out _);
    }

    [SkipLocalsInit]
    public static bool TryReceive(SafeHandle wire, Span<byte> buffer, FileDescriptor[] descriptors, bool peek, out WireMessage message)
    {
        using var lease = new HandleLease(wire);
        Span<int> numbers = stackalloc int[DescriptorSender.MaxDescriptorsPerMessage];
        message = default;
        if (!DescriptorReceiver.TryReceive(lease.Fd, SocketType.Stream, buffer, numbers, peek, out ReceiveResult result))
        {
            return false;
        }

        new DescriptorDrain(numbers[..result.Descriptors]).TakeAll(descriptors);
        message = new WireMessage(
            result.Bytes, result.Descriptors, (result.Flags & MessageFlags.DescriptorsTruncated) != 0, result.IsEndOfStream);
        return true;
    }
}
