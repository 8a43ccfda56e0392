using System.Runtime.InteropServices;
using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>A peer that closes the connection, before or after a message.</summary>
public sealed class EndTests
{
    [LinuxTheory]
    [InlineData(SocketType.Stream)]
    [InlineData(SocketType.Seqpacket)]
    public async Task Messages_that_were_sent_before_the_end_are_received_first(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = right;
        using FileDescriptor file = Some.File();
        left.SendDescriptors(file.SafeHandle);
        left.Dispose();

        using ReceivedMessage message = Some.Receive(right);
        Assert.Equal("abcdefghij", Some.Read(message.Descriptors[0]));
        Assert.Null(DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long));
        Assert.Null(await DescriptorReceiver.ReceiveMessageAsync(right.SafeHandle, Patience.Long));
        Assert.Null(right.ReceiveDescriptors());
        ReceiveResult result = DescriptorReceiver.ReceiveNumbers(right.SafeHandle, new byte[1], new int[1], Patience.Long);
        Assert.Equal(new ReceiveResult { IsEndOfStream = true }, result);
    }

    [LinuxTheory]
    [InlineData(SocketType.Stream)]
    [InlineData(SocketType.Seqpacket)]
    public void The_end_is_reported_when_credentials_are_requested(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = right;
        CredentialTests.EnableCredentials(right);
        left.Dispose();
        Assert.Null(DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long));
    }

    [LinuxTheory]
    [InlineData(SocketType.Stream)]
    [InlineData(SocketType.Seqpacket)]
    public void A_shutdown_is_reported_as_the_end(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        left.Shutdown(SocketShutdown.Both);
        Assert.Null(DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long));
    }

    [LinuxTheory]
    [InlineData(SocketType.Stream)]
    [InlineData(SocketType.Seqpacket)]
    [InlineData(SocketType.Dgram)]
    public async Task Sending_to_a_peer_that_has_closed_is_an_error_and_not_a_signal(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using FileDescriptor file = Some.File();
        right.Dispose();
        string expected = type == SocketType.Dgram ? "ECONNREFUSED" : "EPIPE";
        SystemCallException exception = Assert.Throws<SystemCallException>(() => left.SendDescriptors(file.SafeHandle));
        Assert.Equal(("sendmsg", expected), (exception.Call, exception.ErrnoName));
        exception = await Assert.ThrowsAsync<SystemCallException>(
            () => DescriptorSender.SendAsync(left.SafeHandle, new byte[] { 1 }, new SafeHandle[] { file.SafeHandle }, Patience.Long).AsTask());
        Assert.Contains(exception.ErrnoName, (string[])[expected, "ENOTCONN"]);
    }

    [LinuxTheory]
    [InlineData(SocketType.Stream)]
    [InlineData(SocketType.Seqpacket)]
    public void A_peer_that_closes_with_unread_data_is_ECONNRESET_and_then_the_end(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        Some.Send(left, "never read"u8);
        right.Dispose();
        SystemCallException exception = Assert.Throws<SystemCallException>(
            () => DescriptorReceiver.ReceiveMessage(left.SafeHandle, Patience.Long));
        Assert.Equal(("recvmsg", "ECONNRESET"), (exception.Call, exception.ErrnoName));
        Assert.Contains("peer has closed", exception.Message);
        Assert.Null(DescriptorReceiver.ReceiveMessage(left.SafeHandle, Patience.Long));
    }

    [LinuxFact]
    public void A_waiting_receive_returns_null_at_the_end()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = right;
        ReceivedMessage? message = null;
        BlockedThread waiting = BlockedThread.Start(
            () => message = DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long));
        left.Dispose();
        Assert.Null(waiting.Join());
        Assert.Null(message);
    }

    [LinuxTheory]
    [InlineData(SocketType.Stream)]
    [InlineData(SocketType.Seqpacket)]
    public async Task Disposing_the_socket_of_a_waiting_receive_is_ObjectDisposedException_and_not_the_end(SocketType type)
    {
        foreach (Action<Socket> receive in (Action<Socket>[])
            [
                socket => DescriptorReceiver.ReceiveMessage(socket.SafeHandle, Patience.Long),
                socket => DescriptorReceiver.ReceiveNumbers(socket.SafeHandle, new byte[1], new int[1], Patience.Long),
            ])
        {
            (Socket left, Socket right) = UnixSocket.CreatePair(type);
            using var _ = left;
            BlockedThread waiting = BlockedThread.Start(() => receive(right));
            right.Dispose();
            Assert.Contains("closed", Assert.IsType<ObjectDisposedException>(waiting.Join()).Message);
        }

        (Socket one, Socket other) = UnixSocket.CreatePair(type);
        using var __ = one;
        Task<ReceivedMessage?> later = DescriptorReceiver.ReceiveMessageAsync(other.SafeHandle, Patience.Long).AsTask();
        other.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => later);
    }

    [LinuxFact]
    public void A_waiting_send_fails_when_the_receiver_closes()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        Some.Fill(left);
        BlockedThread waiting = BlockedThread.Start(() => Some.Send(left, "x"u8));
        right.Dispose();
        Assert.Contains(Assert.IsType<SystemCallException>(waiting.Join()).ErrnoName, (string[])["EPIPE", "ECONNRESET"]);
    }

    [LinuxFact]
    public void Descriptors_in_flight_are_closed_when_their_socket_is_closed()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using var _ = reader;
        left.SendDescriptors(writer.SafeHandle);
        writer.Dispose();
        right.Dispose();
        left.Dispose();
        Assert.Equal("", Some.Read(reader));
    }
}
