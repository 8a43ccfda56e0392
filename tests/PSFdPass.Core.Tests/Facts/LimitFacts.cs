using System.Net.Sockets;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>The behavior at the limits of open files. Each test runs in a process of its own, whose limits it changes.</summary>
public sealed class LimitFacts
{
    [LinuxFact]
    public void With_the_table_full_recvmsg_succeeds_with_the_data_no_descriptor_and_MSG_CTRUNC() => Child.Run(TableFull);

    [LinuxFact]
    public void With_space_for_some_descriptors_recvmsg_installs_those_and_reports_MSG_CTRUNC() => Child.Run(TableNearlyFull);

    [LinuxFact]
    public void With_the_table_full_a_packet_of_descriptors_alone_is_not_taken_for_the_end() => Child.Run(EmptyPacketWithTableFull);

    [LinuxFact]
    public void ETOOMANYREFS_occurs_when_a_user_has_more_than_RLIMIT_NOFILE_descriptors_in_flight() => Child.Run(TooManyReferences);

    [PrivilegedFact]
    public void Root_is_exempt_from_ETOOMANYREFS() => Child.Run(TooManyReferencesForOthersThanRoot);

    internal static void TableFull()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using FileDescriptor file = Some.File();
        ReceiveOnce(left, right, file);
        DescriptorSender.SendNumbers(left.SafeHandle, "one"u8, [file.Fd], Patience.Long);
        using (new FullTable(free: 0))
        {
            Raw.Received raw = Raw.Receive(right, 10);
            Assert.Equal((3, 0), (raw.Bytes, raw.Errno));
            Assert.Empty(raw.Descriptors);
            Assert.Equal(Constants.Current.MSG_CTRUNC, raw.Flags & Constants.Current.MSG_CTRUNC);

            DescriptorSender.SendNumbers(left.SafeHandle, "two"u8, [file.Fd, file.Fd], Patience.Long);
            DescriptorsLostException lost = Assert.Throws<DescriptorsLostException>(() => Some.Receive(right));
            Assert.Equal("two", lost.Received.Text);
            Assert.Empty(lost.Received.Descriptors);
            Assert.Equal(MessageFlags.DescriptorsTruncated, lost.Received.Flags);
            Assert.Contains("ulimit -n", lost.Message);

            // The span overload reports it with a flag.
            DescriptorSender.SendNumbers(left.SafeHandle, "three"u8, [file.Fd], Patience.Long);
            ReceiveResult result = DescriptorReceiver.ReceiveNumbers(right.SafeHandle, new byte[10], new int[10], Patience.Long);
            Assert.Equal((5, 0, MessageFlags.DescriptorsTruncated), (result.Bytes, result.Descriptors, result.Flags));
        }

        // Receiving works again when the table has free numbers.
        ReceiveOnce(left, right, file);
    }

    internal static void TableNearlyFull()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using FileDescriptor file = Some.File();
        ReceiveOnce(left, right, file);
        DescriptorSender.SendNumbers(left.SafeHandle, "x"u8, [file.Fd, file.Fd, file.Fd, file.Fd, file.Fd], Patience.Long);
        using (new FullTable(free: 2))
        {
            int before = FullTable.OpenCount();
            DescriptorsLostException lost = Assert.Throws<DescriptorsLostException>(() => Some.Receive(right));
            Assert.Equal(2, lost.Received.Descriptors.Count);
            Assert.All(lost.Received.Descriptors, descriptor => Assert.True(Some.AreSame(file.Fd, descriptor.Fd)));
            Assert.Contains("2 descriptors and 1 bytes", lost.Message);
            lost.Received.Dispose();
            Assert.Equal(before, FullTable.OpenCount());
        }
    }

    internal static void EmptyPacketWithTableFull()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Seqpacket);
        using FileDescriptor file = Some.File();
        ReceiveOnce(left, right, file);
        DescriptorSender.SendNumbers(left.SafeHandle, [], [file.Fd], Patience.Long);
        left.Dispose();
        using (new FullTable(free: 0))
        {
            DescriptorsLostException lost = Assert.Throws<DescriptorsLostException>(() => Some.Receive(right));
            Assert.Empty(lost.Received.Data);
        }

        Assert.Null(DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long));
    }

    internal static void TooManyReferences()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using FileDescriptor file = Some.File();
        ReceiveOnce(left, right, file);
        Libc.LimitOpenFiles(64);
        Libc.BecomeNobody();

        int[] ten = [.. Enumerable.Repeat(file.Fd, 10)];
        int sent = 0;
        SystemCallException? refused = null;
        while (refused is null && sent < 1000)
        {
            try
            {
                DescriptorSender.SendNumbers(left.SafeHandle, "x"u8, ten, Patience.Long);
                sent += 10;
            }
            catch (SystemCallException exception)
            {
                refused = exception;
            }
        }

        // The kernel checks the limit before it counts a message. As long as at most 64 are in flight, ten more can be sent.
        Assert.Equal("ETOOMANYREFS", refused?.ErrnoName);
        Assert.Equal("sendmsg", refused?.Call);
        Assert.Contains("Wait until the receiver catches up", refused!.Message);
        Assert.Equal(70, sent);
        Assert.Equal(new Raw.Sent(-1, Errno.ETOOMANYREFS), Raw.Send(left, "x"u8, [file.Fd]));

        // Sending works again as soon as the receiver has caught up.
        while (DescriptorReceiver.ReceiveNumbers(right.SafeHandle, new byte[1], new int[0], Patience.Long).DescriptorsClosed > 0 && (sent -= 10) > 0)
        {
        }

        ReceiveOnce(left, right, file);
    }

    internal static void TooManyReferencesForOthersThanRoot()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using FileDescriptor file = Some.File();
        Libc.LimitOpenFiles(64);
        int[] ten = [.. Enumerable.Repeat(file.Fd, 10)];
        for (int i = 0; i < 20; i++)
        {
            DescriptorSender.SendNumbers(left.SafeHandle, "x"u8, ten, Patience.Long);
        }

        using ReceivedMessage first = Some.Receive(right);
        Assert.Equal(10, first.Descriptors.Count);
    }

    // Loads everything that is used with a full table, because loading needs descriptors too.
    private static void ReceiveOnce(Socket left, Socket right, FileDescriptor file)
    {
        DescriptorSender.SendNumbers(left.SafeHandle, "warm"u8, [file.Fd], Patience.Long);
        using (ReceivedMessage message = Some.Receive(right))
        {
            Assert.Equal("warm", message.Text);
            Assert.Single(message.Descriptors);
            Assert.Contains("warm", message.Text);
            Assert.All(message.Descriptors, descriptor => Assert.True(Some.AreSame(file.Fd, descriptor.Fd)));
            Assert.Empty(Array.Empty<int>());
            Assert.Throws<DescriptorsLostException>(void () => throw new DescriptorsLostException(message));
        }

        DescriptorSender.SendNumbers(left.SafeHandle, "x"u8, [file.Fd], Patience.Long);
        Raw.Receive(right, 1).Close();
        _ = FullTable.OpenCount();
    }
}
