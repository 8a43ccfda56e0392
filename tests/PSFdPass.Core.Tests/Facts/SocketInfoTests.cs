using System.Net;
using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>Sockets are described by calls that never block.</summary>
public sealed class SocketInfoTests
{
    [LinuxFact]
    public void A_tcp_connection_is_described_from_both_ends()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using (server)
        {
            SocketInfo one = SocketInfo.Of(server.SafeHandle)!.Value;
            SocketInfo other = SocketInfo.Of(client.Client.SafeHandle)!.Value;
            Assert.Equal((AddressFamily.InterNetwork, SocketType.Stream, 6), (one.Family, one.Type, one.Protocol));
            Assert.True(one.IsTcpConnection && one.IsConnected && !one.IsListening);

            // The client's socket is an IPv6 socket, and reports mapped addresses.
            Assert.Equal(AddressFamily.InterNetworkV6, other.Family);
            Assert.Equal(((IPEndPoint)one.LocalEndPoint!).Port, ((IPEndPoint)other.RemoteEndPoint!).Port);
            Assert.Equal(((IPEndPoint)one.RemoteEndPoint!).Port, ((IPEndPoint)other.LocalEndPoint!).Port);
            Assert.Equal(one.RemoteEndPoint, SocketInfo.RemoteEndPointOf(server.SafeHandle));
            Assert.NotEqual(0ul, one.Cookie);
            Assert.NotEqual(one.Cookie, other.Cookie);
            Assert.Equal(one.NamespaceCookie, other.NamespaceCookie);
            using FileDescriptor copy = FileDescriptor.Duplicate((int)server.Handle);
            Assert.Equal(one, SocketInfo.Of(copy.SafeHandle));

            client.LingerState = new LingerOption(true, 0);
            client.Dispose();
            Patience.Until(() => SocketInfo.RemoteEndPointOf(server.SafeHandle) is null, "the reset arrives");
            Assert.False(SocketInfo.Of(server.SafeHandle)!.Value.IsTcpConnection);
        }
    }

    [LinuxFact]
    public void Unreceived_bytes_of_a_unix_socket_are_counted()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using (left)
        using (right)
        {
            SocketInfo one = SocketInfo.Of(left.SafeHandle)!.Value;
            Assert.Equal((AddressFamily.Unix, SocketType.Stream, true, false), (one.Family, one.Type, one.IsConnected, one.IsTcpConnection));
            Assert.Null(one.RemoteEndPoint);
            Assert.Equal(0, SocketInfo.UnreceivedBytesOf(left.SafeHandle));
            left.Send("x"u8);
            Assert.InRange(SocketInfo.UnreceivedBytesOf(left.SafeHandle), 1, 4096);
            right.Receive(new byte[1]);
            Assert.Equal(0, SocketInfo.UnreceivedBytesOf(left.SafeHandle));
            using FileDescriptor copy = FileDescriptor.Duplicate((int)left.Handle);
            SocketInfo.Shutdown(copy.SafeHandle, SocketShutdown.Send);
            Assert.Equal(0, right.Receive(new byte[1]));
        }
    }

    [Fact]
    public void A_descriptor_that_is_not_a_socket_is_not_described()
    {
        using FileDescriptor file = Some.Null();
        Assert.Null(SocketInfo.Of(file.SafeHandle));
        Assert.Null(SocketInfo.RemoteEndPointOf(file.SafeHandle));
        SocketInfo.Shutdown(file.SafeHandle);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Assert.True(SocketInfo.Of(listener.Server.SafeHandle)!.Value.IsListening);
    }
}
