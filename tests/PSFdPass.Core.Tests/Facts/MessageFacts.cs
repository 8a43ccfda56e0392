using System.Runtime.InteropServices;
using PSFdPass.Handles;
using System.Net.Sockets;
using System.Text;
using PSFdPass.Ancillary;
using PSFdPass.Facts;
using PSFdPass.Interop;
using PSFdPass.Messages;

namespace PSFdPass.Tests;

/// <summary>The behavior of the kernel, and of the library, for messages that contain descriptors.</summary>
public sealed class MessageFacts
{
    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void A_message_carries_253_descriptors_and_254_is_EINVAL(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        int[] descriptors = [.. Enumerable.Repeat(file.Fd, 254)];

        Assert.Equal(new Raw.Sent(-1, Errno.EINVAL), Raw.Send(left, "x"u8, descriptors));
        Assert.Equal(new Raw.Sent(1, 0), Raw.Send(left, "x"u8, descriptors.AsSpan(0, 253)));
        Raw.Received received = Raw.Receive(right, 10);
        Assert.Equal(253, received.Descriptors.Length);
        received.Close();

        DescriptorSender.SendNumbers(left.SafeHandle, descriptors, Patience.Long);
        using ReceivedMessage first = Some.Receive(right);
        using ReceivedMessage second = Some.Receive(right);
        Assert.Equal((253, 1), (first.Descriptors.Count, second.Descriptors.Count));
    }

    [LinuxFact]
    public void On_a_stream_a_send_without_a_byte_returns_0_and_its_descriptor_is_silently_dropped()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Stream);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();

        Assert.Equal(new Raw.Sent(0, 0), Raw.Send(left, [], [file.Fd]));
        Assert.Equal(Errno.EAGAIN, Raw.Receive(right, 10, flags: Constants.Current.MSG_DONTWAIT).Errno);

        ArgumentException refused = Assert.Throws<ArgumentException>(
            () => DescriptorSender.SendNumbers(left.SafeHandle, [], [file.Fd], Patience.Long));
        Assert.Contains("at least one byte", refused.Message);
        Assert.Equal(Errno.EAGAIN, Raw.Receive(right, 10, flags: Constants.Current.MSG_DONTWAIT).Errno);
    }

    [LinuxTheory]
    [InlineData(SocketType.Seqpacket)]
    [InlineData(SocketType.Dgram)]
    public void Packet_sockets_deliver_a_descriptor_without_a_byte(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();

        Assert.Equal(new Raw.Sent(0, 0), Raw.Send(left, [], [file.Fd]));
        Raw.Received received = Raw.Receive(right, 10);
        Assert.Equal(0, received.Bytes);
        Assert.Single(received.Descriptors);
        received.Close();

        DescriptorSender.SendNumbers(left.SafeHandle, [], [file.Fd], Patience.Long);
        using ReceivedMessage message = Some.Receive(right);
        Assert.Empty(message.Data);
        Assert.Equal("abcdefghij", Some.Read(Assert.Single(message.Descriptors)));
    }

    [LinuxFact]
    public void On_a_stream_bytes_sent_before_a_descriptor_message_are_read_together_with_it()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Stream);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();

        for (int i = 0; i < 2; i++)
        {
            Raw.Send(left, "aaaa"u8, []);
            Raw.Send(left, "bbbb"u8, [file.Fd]);
            Raw.Send(left, "cccc"u8, []);
        }

        Raw.Received received = Raw.Receive(right, 100);
        Assert.Equal("aaaabbbb"u8, received.Data);
        Assert.Single(received.Descriptors);
        received.Close();

        // A read stops after the message with the descriptor. The next read begins with the data sent after it.
        using ReceivedMessage message = Some.Receive(right);
        Assert.Equal("ccccaaaabbbb", message.Text);
        Assert.Single(message.Descriptors);
        using ReceivedMessage rest = Some.Receive(right);
        Assert.Equal("cccc", rest.Text);
        Assert.Empty(rest.Descriptors);
    }

    [LinuxFact]
    public void Padding_of_the_control_buffer_lets_the_kernel_install_more_descriptors_than_requested()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        int[] five = [.. Enumerable.Repeat(file.Fd, 5)];

        Raw.Send(left, "x"u8, five);
        Raw.Received received = Raw.Receive(right, 1, controlSize: ControlMessageLayout.Linux.Space(3 * sizeof(int)));
        Assert.Equal(4, received.Descriptors.Length);
        Assert.Equal(Constants.Current.MSG_CTRUNC, received.Flags & Constants.Current.MSG_CTRUNC);
        received.Close();

        // The library always has space for all of them, and closes those that don't fit into the caller's span.
        OpenDescriptors.AreUnchangedBy(() =>
        {
            Raw.Send(left, "x"u8, five);
            int[] three = new int[3];
            ReceiveResult result = DescriptorReceiver.ReceiveNumbers(right.SafeHandle, new byte[1], three, Patience.Long);
            Assert.Equal((3, 2, MessageFlags.None), (result.Descriptors, result.DescriptorsClosed, result.Flags));
            Closing.CloseAll(three);
        });
    }

    [LinuxFact]
    public void A_partial_send_transfers_the_descriptors_with_its_first_part()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Stream);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        byte[] large = new byte[10_000_000];

        Raw.Sent sent = Raw.Send(left, large, [file.Fd], Constants.Current.MSG_DONTWAIT);
        Assert.InRange(sent.Bytes, 1, large.Length - 1);
        Raw.Received received = Raw.Receive(right, 1);
        Assert.Single(received.Descriptors);
        received.Close();
        Some.Drain(right);

        // The library sends the remaining bytes without the descriptors.
        new Random(1).NextBytes(large);
        Task sending = DescriptorSender.SendAsync(left.SafeHandle, large, new SafeHandle[] { file.SafeHandle }, Patience.Long).AsTask();
        var data = new MemoryStream();
        int descriptors = 0;
        while (data.Length < large.Length)
        {
            using ReceivedMessage message = Some.Receive(right);
            data.Write(message.Data);
            descriptors += message.Descriptors.Count;
        }

        Assert.Equal(1, descriptors);
        Assert.True(data.GetBuffer().AsSpan(0, large.Length).SequenceEqual(large));
        Assert.True(sending.Wait(Patience.Long));
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void A_plain_read_discards_attached_descriptors(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using var ___ = reader;

        DescriptorSender.SendDescriptors(left, writer.SafeHandle);
        writer.Close();
        Assert.Equal("\u0001", Some.Read((int)right.Handle));

        // The writing end is no longer open anywhere, so the pipe is at its end.
        Assert.Equal("", Some.Read(reader));
    }

    [LinuxFact]
    public void Peeking_duplicates_attached_descriptors()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        Raw.Send(left, "x"u8, [file.Fd]);

        Raw.Received first = Raw.Receive(right, 1, flags: Constants.MSG_PEEK);
        Raw.Received second = Raw.Receive(right, 1, flags: Constants.MSG_PEEK);
        using ReceivedMessage message = Some.Receive(right);
        int third = Assert.Single(message.Descriptors).Fd;
        Assert.Equal(3, new HashSet<int> { Assert.Single(first.Descriptors), Assert.Single(second.Descriptors), third }.Count);
        Assert.True(Some.AreSame(file.Fd, first.Descriptors[0]));
        Assert.True(Some.AreSame(file.Fd, second.Descriptors[0]));
        Assert.True(Some.AreSame(file.Fd, third));
        first.Close();
        second.Close();
    }

    [LinuxTheory]
    [InlineData(SocketType.Seqpacket)]
    [InlineData(SocketType.Dgram)]
    public void Reading_the_size_of_a_packet_does_not_duplicate_descriptors(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();

        // ReceiveMessage peeks at a packet to learn its size.
        OpenDescriptors.AreUnchangedBy(() =>
        {
            DescriptorSender.SendNumbers(left.SafeHandle, "text"u8, [file.Fd], Patience.Long);
            using ReceivedMessage message = Some.Receive(right);
            Assert.Equal("text", message.Text);
        });
    }

    [KernelFact(6, 16)]
    public unsafe void SO_PASSRIGHTS_off_at_the_receiver_causes_EPERM_at_the_sender()
    {
        const int SO_PASSRIGHTS = 83;
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        int off = 0;
        Assert.Equal(0, SysSocket.SetSockOpt((int)right.Handle, Constants.Current.SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(int)));

        Assert.Equal(new Raw.Sent(-1, Errno.EPERM), Raw.Send(left, "x"u8, [file.Fd]));
        SystemCallException refused = Assert.Throws<SystemCallException>(
            () => DescriptorSender.SendDescriptors(left, file.SafeHandle));
        Assert.Equal(("sendmsg", "EPERM"), (refused.Call, refused.ErrnoName));
        Assert.Contains("SO_PASSRIGHTS", refused.Message);

        // Data without descriptors is still sent.
        Some.Send(left, "data"u8);
        Assert.Equal("data", Encoding.UTF8.GetString(Raw.Receive(right, 10).Data));
    }
}
