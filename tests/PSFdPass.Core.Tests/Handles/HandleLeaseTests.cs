using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Handles;

namespace PSFdPass.Tests;

/// <summary>References to handles that were disposed, or whose number was closed, while calls use them.</summary>
public sealed class HandleLeaseTests : IDisposable
{
    private readonly Socket _left;
    private readonly Socket _right;

    public HandleLeaseTests() => (_left, _right) = UnixSocket.CreatePair();

    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
    }

    [Fact]
    public void A_disposed_descriptor_is_not_used_again_while_a_lease_holds_it()
    {
        using FileDescriptor file = Some.File();
        using FileDescriptor socket = FileDescriptor.Duplicate((int)_left.Handle);
        SafeHandle handle = socket.SafeHandle;
        using var lease = new HandleLease(handle);
        socket.Dispose();
        Assert.True(Some.IsOpen(lease.Fd));
        Assert.Throws<ObjectDisposedException>(() => DescriptorSender.TrySend(handle, "x"u8, [file.SafeHandle], out _));
        Assert.Throws<ObjectDisposedException>(() => DescriptorReceiver.ReceiveMessage(handle, Patience.None));
        Assert.Throws<ObjectDisposedException>(() => DescriptorSender.Send(_left.SafeHandle, "x"u8, [handle], Patience.Long));
    }

    [Fact]
    public void A_descriptor_closed_by_its_number_does_not_send_the_file_that_has_the_number_now()
    {
        using FileDescriptor closed = Some.File("closed");
        SafeHandle handle = closed.SafeHandle;
        int number = closed.Fd;
        FileDescriptor.CloseByNumber(number);
        using FileDescriptor other = Some.File("other");
        Assert.Equal(number, other.Fd);
        Assert.Throws<ObjectDisposedException>(() => DescriptorSender.Send(_left.SafeHandle, "x"u8, [handle], Patience.Long));
        Assert.Throws<ObjectDisposedException>(() => DescriptorSender.SendEach(_left.SafeHandle, "x"u8, [handle], Patience.Long));
        Assert.Throws<TimeoutException>(() => DescriptorReceiver.ReceiveMessage(_right.SafeHandle, Patience.None));
    }
}
