using PSFdPass.Handles;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using PSFdPass.Messages;

namespace PSFdPass.Tests;

/// <summary>Data and descriptors from one end of a pair to the other, by every overload.</summary>
public sealed class SendReceiveTests
{
    private delegate void Sender(Socket socket, byte[] data, FileDescriptor[] descriptors);

    private static readonly Dictionary<string, Sender> Senders = new()
    {
        ["numbers"] = (socket, data, descriptors) =>
            DescriptorSender.SendNumbers(socket.SafeHandle, data, descriptors.Select(d => d.Fd).ToArray(), Patience.Long),
        ["handles"] = (socket, data, descriptors) =>
            DescriptorSender.Send(socket.SafeHandle, data, descriptors.Select(d => d.SafeHandle).ToArray(), Patience.Long),
        ["async"] = (socket, data, descriptors) =>
            DescriptorSender.SendAsync(socket.SafeHandle, data, descriptors.Select(d => d.SafeHandle).ToArray(), Patience.Long)
                .GetAwaiter().GetResult(),
    };

    private static readonly Dictionary<string, Func<Socket, ReceivedMessage?>> Receivers = new()
    {
        ["message"] = socket => DescriptorReceiver.ReceiveMessage(socket.SafeHandle, Patience.Long),
        ["extension"] = socket => socket.ReceiveDescriptors(),
        ["async"] = socket => DescriptorReceiver.ReceiveMessageAsync(socket.SafeHandle, Patience.Long).GetAwaiter().GetResult(),
    };

    public static TheoryData<SocketType, string, string> Combinations
    {
        get
        {
            var combinations = new TheoryData<SocketType, string, string>();
            foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket, SocketType.Dgram])
            {
                foreach (string sender in Senders.Keys)
                {
                    foreach (string receiver in Receivers.Keys)
                    {
                        combinations.Add(type, sender, receiver);
                    }
                }
            }

            return combinations;
        }
    }

    [LinuxTheory]
    [MemberData(nameof(Combinations))]
    public void Data_and_descriptors_arrive_intact_and_in_order(SocketType type, string sender, string receiver)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        FileDescriptor[] files = Some.Files(3);

        Senders[sender](left, "grüße"u8.ToArray(), files);
        using ReceivedMessage? message = Receivers[receiver](right);
        Assert.NotNull(message);
        Assert.Equal("grüße"u8, message.Data);
        Assert.Equal("grüße", message.Text);
        Assert.Equal("7 bytes, 3 descriptors", message.ToString());
        Assert.Equal((MessageFlags.None, 0, null), (message.Flags, message.BytesLost, message.Credentials));
        Assert.Equal(["file 0", "file 1", "file 2"], message.Descriptors.Select(d => Some.Read(d)));
        Assert.All(message.Descriptors, d => Assert.True(d.Flags.HasFlag(DescriptorFlags.CloseOnExec)));

        // The sender keeps its descriptors, which share the offset.
        Assert.All(files, file => Assert.True(file.IsOpen));
        Assert.All(files, file => Assert.Equal("", Some.Read(file)));
        Array.ForEach(files, file => file.Dispose());
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void Without_data_the_payload_is_one_byte_with_the_number_of_descriptors(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        int[] numbers = [file.Fd, file.Fd, file.Fd];
        SafeHandle[] handles = [file.SafeHandle, file.SafeHandle];

        DescriptorSender.SendNumbers(left.SafeHandle, numbers, Patience.Long);
        AssertReceives(3);
        DescriptorSender.Send(left.SafeHandle, handles, Patience.Long);
        AssertReceives(2);
        left.SendDescriptors(file.SafeHandle);
        AssertReceives(1);
        DescriptorSender.SendAsync(left.SafeHandle, handles, Patience.Long).GetAwaiter().GetResult();
        AssertReceives(2);

        void AssertReceives(int count)
        {
            using ReceivedMessage message = Some.Receive(right);
            Assert.Equal([(byte)count], message.Data);
            Assert.Equal(count, message.Descriptors.Count);
        }
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void Data_without_a_descriptor_is_a_message_too(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        Some.Send(left, "just text"u8);
        using ReceivedMessage message = Some.Receive(right);
        Assert.Equal("just text", message.Text);
        Assert.Empty(message.Descriptors);
    }

    [LinuxFact]
    public void Descriptors_are_written_to_the_callers_span_and_the_caller_closes_them()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        DescriptorSender.SendNumbers(left.SafeHandle, "data"u8, [file.Fd, file.Fd], Patience.Long);
        byte[] buffer = new byte[100];
        int[] numbers = new int[253];
        ReceiveResult result = DescriptorReceiver.ReceiveNumbers(right.SafeHandle, buffer, numbers, Patience.Long);
        Assert.Equal(
            new ReceiveResult { Bytes = 4, FullLength = 4, Descriptors = 2 },
            result);
        Assert.Equal("data", Encoding.UTF8.GetString(buffer, 0, result.Bytes));
        Assert.All(numbers[..2], number => Assert.True(Some.AreSame(file.Fd, number)));
        Closing.CloseAll(numbers.AsSpan(0, 2));
    }

    [LinuxFact]
    public void The_offset_is_shared_because_the_open_file_description_is()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File("abcdefghij");
        Assert.Equal("abc", Some.Read(file, 3));
        left.SendDescriptors(file.SafeHandle);
        using ReceivedMessage message = Some.Receive(right);
        Assert.Equal("defg", Some.Read(message.Descriptors[0], 4));
        Assert.Equal("hij", Some.Read(file));
    }

    [LinuxFact]
    public void A_socket_can_be_sent_over_itself()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        left.SendDescriptors(left.SafeHandle);
        using ReceivedMessage message = Some.Receive(right);
        using Socket copy = message.Descriptors[0].OpenSocket();
        copy.Send("over the copy"u8);
        Assert.Equal("over the copy", Some.Receive(right).Text);
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void A_descriptor_that_is_no_longer_open_is_EBADF_and_nothing_is_sent(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        SystemCallException exception = Assert.Throws<SystemCallException>(
            () => DescriptorSender.SendNumbers(left.SafeHandle, "x"u8, [file.Fd, 123456], Patience.Long));
        Assert.Equal(("sendmsg", "EBADF"), (exception.Call, exception.ErrnoName));
        Assert.Throws<SystemCallException>(() => DescriptorSender.SendNumbers(left.SafeHandle, "x"u8, [-1], Patience.Long));
        Assert.Throws<TimeoutException>(() => DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.None));
    }

    [LinuxFact]
    public void A_closed_handle_among_several_is_refused_and_the_others_are_released()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        FileDescriptor open = Some.File();
        FileDescriptor closed = Some.File();
        SafeHandle[] handles = [open.SafeHandle, closed.SafeHandle];
        int fd = open.Fd;
        closed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => DescriptorSender.Send(left.SafeHandle, handles, Patience.Long));
        Assert.Throws<ObjectDisposedException>(
            () => DescriptorSender.SendAsync(left.SafeHandle, handles, Patience.Long).GetAwaiter().GetResult());

        // A reference that was not released would keep the descriptor open.
        open.Dispose();
        Assert.False(Some.IsOpen(fd));
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void Sending_nothing_is_an_error(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        Assert.Contains("no descriptor", Assert.Throws<ArgumentException>(
            () => DescriptorSender.SendNumbers(left.SafeHandle, new int[0], Patience.Long)).Message);
        Assert.Contains("no descriptor", Assert.Throws<ArgumentException>(() => left.SendDescriptors()).Message);
        Assert.Contains("nothing to send", Assert.Throws<ArgumentException>(() => Some.Send(left, [])).Message);
        Assert.Throws<ArgumentException>(() => DescriptorSender.SendAsync(left.SafeHandle, new SafeHandle[0], Patience.Long).GetAwaiter().GetResult());
        Assert.Throws<ArgumentException>(
            () => DescriptorSender.SendAsync(left.SafeHandle, new byte[0], new SafeHandle[0], Patience.Long).GetAwaiter().GetResult());
    }

    [LinuxFact]
    public void Receiving_from_a_stream_requires_a_buffer_of_at_least_one_byte()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        ArgumentException exception = Assert.Throws<ArgumentException>(
            () => DescriptorReceiver.ReceiveNumbers(right.SafeHandle, [], new int[1], Patience.None));
        Assert.Equal("buffer", exception.ParamName);
    }
}
