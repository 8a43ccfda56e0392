using System.Net.Sockets;
using PSFdPass.Facts;

namespace PSFdPass.Tests;

/// <summary>socketpair(2).</summary>
public sealed class PairTests
{
    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void A_pair_is_connected_blocking_and_close_on_exec(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        foreach (Socket socket in (Socket[])[left, right])
        {
            Assert.Equal((AddressFamily.Unix, type, true), (socket.AddressFamily, socket.SocketType, socket.Blocking));
            Assert.True(socket.Connected);
            Assert.Equal(DescriptorFlags.CloseOnExec, DescriptorFacts.FlagsOf((int)socket.Handle));
            Assert.Equal(type, UnixSocketType.Of(socket.SafeHandle));
        }

        Assert.Equal(5, left.Send("hello"u8));
        byte[] buffer = new byte[10];
        Assert.Equal("hello"u8, buffer.AsSpan(0, right.Receive(buffer)));
        Assert.Equal(2, right.Send("me"u8));
        Assert.Equal("me"u8, buffer.AsSpan(0, left.Receive(buffer)));
    }

    [Theory]
    [InlineData(SocketType.Raw)]
    [InlineData(SocketType.Rdm)]
    [InlineData(SocketType.Unknown)]
    public void An_unsupported_type_of_socket_is_refused_with_the_valid_types(SocketType type)
    {
        ArgumentOutOfRangeException exception = Assert.Throws<ArgumentOutOfRangeException>(() => UnixSocket.CreatePair(type));
        Assert.Contains("Stream, Seqpacket or Dgram", exception.Message);
    }
}
