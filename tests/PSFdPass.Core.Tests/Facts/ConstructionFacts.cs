using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace PSFdPass.Tests;

/// <summary>.NET's constructors accept descriptors of the wrong kind. The library checks the kind first.</summary>
public sealed class ConstructionFacts
{
    [LinuxFact]
    public void A_Socket_can_be_constructed_over_dev_null_and_OpenSocket_fails_with_ENOTSOCK()
    {
        using FileDescriptor descriptor = Some.Null();
        using (var naive = new Socket(new SafeSocketHandle(descriptor.Fd, ownsHandle: false)))
        {
            Assert.Throws<SocketException>(() => naive.ReceiveBufferSize);
        }

        SystemCallException exception = Assert.Throws<SystemCallException>(descriptor.OpenSocket);
        Assert.Equal("ENOTSOCK", exception.ErrnoName);
        Assert.True(descriptor.IsOpen);
        Assert.Equal(DescriptorKind.CharacterDevice, descriptor.Kind);
    }

    [LinuxFact]
    public void A_FileStream_can_be_constructed_over_a_directory_and_OpenStream_refuses_it()
    {
        using var directory = new TemporaryDirectory();
        using FileDescriptor descriptor = FileDescriptor.Open(directory.Path);
        using (var naive = new FileStream(new SafeFileHandle(descriptor.Fd, ownsHandle: false), FileAccess.Read, bufferSize: 0))
        {
            Assert.Throws<IOException>(() => naive.Read(new byte[1]));
        }

        NotSupportedException refused = Assert.Throws<NotSupportedException>(descriptor.OpenStream);
        Assert.Contains("Directory " + directory.Path, refused.Message);
        Assert.True(descriptor.IsOpen);
    }

    [LinuxFact]
    public void Linux_accepts_descriptors_on_a_TCP_socket_and_drops_them_and_the_library_refuses()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using var _ = client;
        using var __ = server;
        using FileDescriptor file = Some.File();
        Assert.Equal(new Raw.Sent(1, 0), Raw.Send(client.Client, "x"u8, [file.Fd]));
        Assert.Empty(Raw.Receive(server, 10).Descriptors);

        NotUnixSocketException refused = Assert.Throws<NotUnixSocketException>(
            () => client.Client.SendDescriptors(file.SafeHandle));
        Assert.Contains("tcp", refused.Message);
    }
}
