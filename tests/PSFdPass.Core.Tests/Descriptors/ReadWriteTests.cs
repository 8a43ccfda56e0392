using System.Net.Sockets;
using System.Text;

namespace PSFdPass.Tests;

/// <summary>Reading and writing that neither blocks nor sets O_NONBLOCK.</summary>
public sealed class ReadWriteTests
{
    private readonly byte[] _buffer = new byte[100];

    [Fact]
    public void A_pipe_is_read_and_written_without_blocking()
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using (reader)
        using (writer)
        {
            Assert.False(FileDescriptor.TryRead(reader.SafeHandle, _buffer, out int bytes));
            Assert.Equal(0, bytes);
            Assert.True(FileDescriptor.TryWrite(writer.SafeHandle, "hello"u8, out bytes));
            Assert.Equal(5, bytes);
            Assert.True(FileDescriptor.TryRead(reader.SafeHandle, _buffer, out bytes));
            Assert.Equal("hello", Encoding.UTF8.GetString(_buffer, 0, bytes));
            long total = 0;
            while (FileDescriptor.TryWrite(writer.SafeHandle, new byte[10_000], out bytes))
            {
                total += bytes;
            }

            Assert.InRange(total, 4096, 1 << 20);
            Assert.False(Some.IsNonBlocking(reader.SafeHandle));
            Assert.False(Some.IsNonBlocking(writer.SafeHandle));
            writer.Dispose();
            while (FileDescriptor.TryRead(reader.SafeHandle, _buffer, out bytes) && bytes > 0)
            {
                total -= bytes;
            }

            Assert.Equal(0, total);
        }
    }

    [Fact]
    public void A_socket_is_read_and_written_without_blocking()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using (client)
        using (server)
        {
            Assert.False(FileDescriptor.TryRead(server.SafeHandle, _buffer, out _));
            client.Client.Send("hello"u8);
            Assert.True(server.Poll(Patience.Long, SelectMode.SelectRead));
            Assert.True(FileDescriptor.TryRead(server.SafeHandle, _buffer, out int bytes));
            Assert.Equal(5, bytes);
            client.Client.Shutdown(SocketShutdown.Send);
            Assert.True(server.Poll(Patience.Long, SelectMode.SelectRead));
            Assert.True(FileDescriptor.TryRead(server.SafeHandle, _buffer, out bytes));
            Assert.Equal(0, bytes);
            Assert.False(Some.IsNonBlocking(server.SafeHandle));

            // A reset is an error, and not the signal SIGPIPE.
            client.LingerState = new LingerOption(true, 0);
            client.Dispose();
            SystemCallException? exception = null;
            Patience.Until(
                () => (exception = Record.Exception(() => FileDescriptor.TryWrite(server.SafeHandle, "x"u8, out _)) as SystemCallException) is not null,
                "the reset arrives");
            Assert.Contains(exception!.ErrnoName, (string[])["ECONNRESET", "EPIPE"]);
        }
    }

    [Fact]
    public void A_file_is_read_to_its_end_and_a_closed_descriptor_is_an_error()
    {
        using FileDescriptor file = Some.File("text");
        Assert.True(FileDescriptor.TryRead(file.SafeHandle, _buffer, out int bytes));
        Assert.Equal(4, bytes);
        Assert.True(FileDescriptor.TryRead(file.SafeHandle, _buffer, out bytes));
        Assert.Equal(0, bytes);
        System.Runtime.InteropServices.SafeHandle handle = file.SafeHandle;
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => FileDescriptor.TryRead(handle, _buffer, out _));
        Assert.Throws<ObjectDisposedException>(() => FileDescriptor.TryWrite(handle, _buffer, out _));
    }
}
