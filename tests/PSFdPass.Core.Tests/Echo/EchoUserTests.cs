using System.Net.Sockets;
using System.Net;
using PSFdPass.Echo;

namespace PSFdPass.Tests.Echo;

/// <summary>The demo's user, when the peer resets the connection.</summary>
public sealed class EchoUserTests
{
    [Fact]
    public async Task A_connection_that_is_reset_is_ECONNRESET()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using IAsyncEnumerator<string> lines =
            EchoUser.SayAsync((IPEndPoint)listener.LocalEndpoint, ["foo"]).GetAsyncEnumerator();
        ValueTask<bool> first = lines.MoveNextAsync();
        using (Socket server = await listener.AcceptSocketAsync())
        {
            server.Send("hello\n"u8);
            Assert.True(await first);
            server.LingerState = new LingerOption(true, 0);
        }

        SystemCallException exception = await Assert.ThrowsAsync<SystemCallException>(async () => await lines.MoveNextAsync());
        Assert.Equal("ECONNRESET", exception.ErrnoName);
        Assert.Contains("The peer has closed the connection", exception.Message);
    }
}
