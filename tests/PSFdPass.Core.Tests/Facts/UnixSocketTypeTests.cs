using System.Net.Sockets;
using PSFdPass.Facts;

namespace PSFdPass.Tests;

/// <summary>The family and type of a socket, which are read from the socket each time.</summary>
public sealed class UnixSocketTypeTests
{
    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void The_type_is_read_from_the_socket(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        Assert.Equal(type, UnixSocketType.Of(left.SafeHandle));
        Assert.Equal((int)type, SocketTypes.NumberOfUnix(type));
        Assert.Equal(type, SocketTypes.FromNumber(SocketFacts.TypeOf((int)left.Handle)));
    }

    // A cached type would be that of the socket that had the number before.
    [LinuxFact]
    public void A_socket_that_replaces_another_under_its_number_is_noticed()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        (Socket packets, Socket other) = UnixSocket.CreatePair(SocketType.Seqpacket);
        using var ___ = packets;
        using var ____ = other;
        (TcpClient client, Socket server) = Some.TcpConnection();
        using var _____ = client;
        using var ______ = server;
        using FileDescriptor file = Some.Null();
        int fd = (int)left.Handle;
        Assert.Equal(SocketType.Stream, UnixSocketType.Of(left.SafeHandle));
        FileDescriptor.DuplicateTo((int)packets.Handle, fd, replace: true).Detach();
        Assert.Equal(SocketType.Seqpacket, UnixSocketType.Of(left.SafeHandle));
        FileDescriptor.DuplicateTo((int)client.Client.Handle, fd, replace: true).Detach();
        Assert.Contains("tcp", Assert.Throws<NotUnixSocketException>(() => UnixSocketType.Of(left.SafeHandle)).Message);
        Assert.Throws<NotUnixSocketException>(() => left.SendDescriptors(file.SafeHandle));
        FileDescriptor.DuplicateTo(file.Fd, fd, replace: true).Detach();
        Assert.Equal("ENOTSOCK", Assert.Throws<SystemCallException>(() => UnixSocketType.Of(left.SafeHandle)).ErrnoName);
    }

    [Fact]
    public void Each_number_corresponds_to_its_type()
    {
        Assert.Equal(
            [null, SocketType.Stream, SocketType.Dgram, SocketType.Raw, SocketType.Rdm, SocketType.Seqpacket, null],
            Enumerable.Range(0, 7).Select(SocketTypes.FromNumber));
        Assert.Throws<ArgumentOutOfRangeException>(() => SocketTypes.NumberOfUnix(SocketType.Raw));
    }
}
