using PSFdPass.Handles;
using System.Net.Sockets;
using PSFdPass.Messages;

namespace PSFdPass.Tests;

/// <summary>Packets, whose boundaries are kept, and buffers of the wrong size.</summary>
public sealed class PacketTests
{
    [LinuxTheory]
    [InlineData(SocketType.Seqpacket)]
    [InlineData(SocketType.Dgram)]
    public void A_packet_is_received_whole_whatever_its_size(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        foreach (int size in (int[])[1, 1000, 65_536, 150_000])
        {
            byte[] data = new byte[size];
            new Random(size).NextBytes(data);
            Some.Send(left, data);
            Some.Send(left, "next"u8);
            using ReceivedMessage message = Some.Receive(right);
            Assert.True(message.Data.AsSpan().SequenceEqual(data));
            Assert.Equal((MessageFlags.None, 0), (message.Flags, message.BytesLost));
            Assert.Equal("next", Some.Receive(right).Text);
        }
    }

    [LinuxTheory]
    [InlineData(SocketType.Seqpacket)]
    [InlineData(SocketType.Dgram)]
    public void A_packet_larger_than_the_buffer_reports_the_bytes_lost_and_keeps_its_descriptors(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();

        DescriptorSender.SendNumbers(left.SafeHandle, "0123456789"u8, [file.Fd], Patience.Long);
        using (ReceivedMessage? message = DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long, bufferSize: 4))
        {
            Assert.Equal(("0123", 6, MessageFlags.DataTruncated), (message!.Text, message.BytesLost, message.Flags));
            Assert.Single(message.Descriptors);
        }

        DescriptorSender.SendNumbers(left.SafeHandle, "0123456789"u8, [file.Fd], Patience.Long);
        int[] numbers = new int[1];
        ReceiveResult result = DescriptorReceiver.ReceiveNumbers(right.SafeHandle, new byte[4], numbers, Patience.Long);
        Assert.Equal((4, 10, 1, MessageFlags.DataTruncated), (result.Bytes, result.FullLength, result.Descriptors, result.Flags));
        Closing.CloseAll(numbers);

        // With an empty buffer, the descriptors still arrive.
        DescriptorSender.SendNumbers(left.SafeHandle, "0123456789"u8, [file.Fd], Patience.Long);
        result = DescriptorReceiver.ReceiveNumbers(right.SafeHandle, [], numbers, Patience.Long);
        Assert.Equal((0, 10, 1, false), (result.Bytes, result.FullLength, result.Descriptors, result.IsEndOfStream));
        Closing.CloseAll(numbers);
    }

    [LinuxFact]
    public void Bytes_of_a_stream_that_do_not_fit_are_received_next()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        DescriptorSender.SendNumbers(left.SafeHandle, "0123456789"u8, [file.Fd], Patience.Long);
        using ReceivedMessage? first = DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long, bufferSize: 4);
        using ReceivedMessage? second = DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long);
        Assert.Equal(("0123", 1, 0), (first!.Text, first.Descriptors.Count, first.BytesLost));
        Assert.Equal(("456789", 0), (second!.Text, second.Descriptors.Count));
    }

    [LinuxTheory]
    [InlineData(SocketType.Seqpacket)]
    [InlineData(SocketType.Dgram)]
    public void A_packet_larger_than_the_send_buffer_is_EMSGSIZE(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        SystemCallException exception = Assert.Throws<SystemCallException>(() => Some.Send(left, new byte[10_000_000]));
        Assert.Equal("EMSGSIZE", exception.ErrnoName);
        Assert.Contains("larger than the socket's send buffer", exception.Message);
    }

    [LinuxTheory]
    [InlineData(SocketType.Seqpacket)]
    [InlineData(SocketType.Dgram)]
    public void An_empty_packet_is_a_message_and_not_the_end(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        left.Send(Array.Empty<byte>());
        Some.Send(left, "next"u8);
        using ReceivedMessage empty = Some.Receive(right);
        Assert.Equal(("", 0), (empty.Text, empty.Descriptors.Count));
        Assert.Equal("next", Some.Receive(right).Text);
        left.Send(Array.Empty<byte>());
        ReceiveResult result = DescriptorReceiver.ReceiveNumbers(right.SafeHandle, new byte[1], Span<int>.Empty, Patience.Long);
        Assert.Equal((0, false), (result.Bytes, result.IsEndOfStream));
    }

    [LinuxFact]
    public void An_empty_packet_with_more_behind_it_is_not_the_end_even_when_the_sender_has_closed()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Seqpacket);
        using var _ = right;
        left.Send(Array.Empty<byte>());
        Some.Send(left, "last"u8);
        left.Dispose();
        Assert.Equal("", Some.Receive(right).Text);
        Assert.Equal("last", Some.Receive(right).Text);
        Assert.Null(DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long));
    }

    [LinuxFact]
    public void A_packet_is_received_whole_after_its_socket_has_replaced_a_stream()
    {
        (Socket one, Socket other) = UnixSocket.CreatePair();
        (Socket sender, Socket receiver) = UnixSocket.CreatePair(SocketType.Seqpacket);
        using var _ = one;
        using var __ = other;
        using var ___ = sender;
        using var ____ = receiver;
        one.SendDescriptors("a"u8, []);
        using (ReceivedMessage first = other.ReceiveDescriptors()!)
        {
            Assert.Equal("a", first.Text);
        }

        // The Socket object stays the same, and its number now refers to a socket of another type.
        FileDescriptor replaced = FileDescriptor.DuplicateTo((int)receiver.Handle, (int)other.Handle, replace: true);
        byte[] packet = new byte[100_000];
        packet[^1] = 42;
        sender.SendDescriptors(packet, []);
        using ReceivedMessage message = other.ReceiveDescriptors()!;
        Assert.Equal(packet.Length, message.Data.Length);
        Assert.Equal(42, message.Data[^1]);
        Assert.Equal(0, message.BytesLost);
        Assert.Equal((int)other.Handle, replaced.Detach());
    }
}
