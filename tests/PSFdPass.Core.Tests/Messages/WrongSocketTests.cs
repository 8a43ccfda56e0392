using PSFdPass.Facts;
using PSFdPass.Handles;
using System.Net.Sockets;
using System.Net;
using System.Runtime.InteropServices;

namespace PSFdPass.Tests;

/// <summary>Handles that are not sockets that carry descriptors. Every operation reports each kind with a specific error.</summary>
public sealed class WrongSocketTests
{
    [LinuxFact]
    public void A_closed_socket_is_ObjectDisposedException()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        SafeHandle handle = left.SafeHandle;
        left.Dispose();
        right.Dispose();
        AllThrow<ObjectDisposedException>(handle);
    }

    [LinuxFact]
    public void A_disposed_descriptor_as_socket_is_ObjectDisposedException()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = right;
        var descriptor = new FileDescriptor(Libc.Checked(Libc.Dup((int)left.Handle)), ownsHandle: true);
        left.Dispose();
        SafeHandle handle = descriptor.SafeHandle;
        descriptor.Dispose();
        AllThrow<ObjectDisposedException>(handle);
        Assert.Throws<ObjectDisposedException>(() => descriptor.SafeHandle);
    }

    [LinuxFact]
    public void A_TCP_or_UDP_socket_is_NotUnixSocketException_that_names_the_protocol()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using var _ = client;
        using var __ = server;
        AllThrow<NotUnixSocketException>(client.Client.SafeHandle, exception => Assert.Contains("tcp socket", exception.Message));
        using var udp = new UdpClient(0);
        AllThrow<NotUnixSocketException>(udp.Client.SafeHandle, exception => Assert.Contains("udp socket", exception.Message));
        using var unbound = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        AllThrow<NotUnixSocketException>(unbound.SafeHandle, exception => Assert.Contains("tcp socket", exception.Message));
    }

    [LinuxFact]
    public void Dev_null_is_ENOTSOCK()
    {
        using FileDescriptor descriptor = Some.Null();
        AllThrow<SystemCallException>(descriptor.SafeHandle, exception =>
        {
            Assert.Equal("ENOTSOCK", exception.ErrnoName);
            Assert.Contains("is not a socket", exception.Message);
        });
    }

    [LinuxFact]
    public void A_number_that_is_not_open_is_EBADF()
    {
        using var handle = new SafeDescriptorHandle(123456, ownsHandle: false);
        AllThrow<SystemCallException>(handle, exception =>
        {
            Assert.Equal("EBADF", exception.ErrnoName);
            Assert.Contains("is not open", exception.Message);
        });
    }

    [LinuxFact]
    public void A_negative_number_is_EBADF()
    {
        using var handle = new SafeDescriptorHandle(-5, ownsHandle: false);
        AllThrow<SystemCallException>(handle, exception => Assert.Equal("EBADF", exception.ErrnoName));
    }

    [LinuxFact]
    public void A_null_socket_is_ArgumentNullException() => AllThrow<ArgumentNullException>(null!);

    [LinuxFact]
    public void A_socket_without_a_peer_is_ENOTCONN_to_send_and_EINVAL_to_receive()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using FileDescriptor file = Some.File();
        SystemCallException exception = Assert.Throws<SystemCallException>(() => socket.SendDescriptors(file.SafeHandle));
        Assert.Equal(("sendmsg", "ENOTCONN"), (exception.Call, exception.ErrnoName));
        Assert.Contains("not connected", exception.Message);
        exception = Assert.Throws<SystemCallException>(() => DescriptorReceiver.ReceiveMessage(socket.SafeHandle, Patience.Long));
        Assert.Equal(("recvmsg", "EINVAL"), (exception.Call, exception.ErrnoName));
    }

    [LinuxFact]
    public void Accepting_on_a_TCP_socket_that_does_not_listen_is_EINVAL()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        SystemCallException exception = Assert.Throws<SystemCallException>(() => UnixSocket.Accept(socket.SafeHandle, Patience.Long));
        Assert.Equal(("accept", "EINVAL"), (exception.Call, exception.ErrnoName));
    }

    private static void AllThrow<T>(SafeHandle socket, Action<T>? check = null)
        where T : Exception
    {
        using FileDescriptor file = Some.File();
        int fd = file.Fd;
        SafeHandle handle = file.SafeHandle;
        foreach (Action operation in (Action[])
        [
            () => DescriptorSender.SendNumbers(socket, [fd], Patience.None),
            () => DescriptorSender.Send(socket, [handle], Patience.None),
            () => DescriptorSender.SendNumbers(socket, "x"u8, [fd], Patience.None),
            () => DescriptorSender.Send(socket, "x"u8, [handle], Patience.None),
            () => DescriptorSender.SendAsync(socket, new byte[] { 1 }, new SafeHandle[] { handle }, Patience.None).GetAwaiter().GetResult(),
            () => DescriptorSender.SendAsync(socket, new byte[1], new SafeHandle[] { handle }, Patience.None).GetAwaiter().GetResult(),
            () => DescriptorReceiver.ReceiveNumbers(socket, new byte[1], new int[1], Patience.None),
            () => DescriptorReceiver.ReceiveMessage(socket, Patience.None),
            () => DescriptorReceiver.ReceiveMessageAsync(socket, Patience.None).GetAwaiter().GetResult(),
            () => UnixSocketPeer.Of(socket),
            () => UnixSocketType.Of(socket),
        ])
        {
            T exception = Assert.Throws<T>(operation);
            check?.Invoke(exception);
        }

        Assert.True(file.IsOpen);
    }
}
