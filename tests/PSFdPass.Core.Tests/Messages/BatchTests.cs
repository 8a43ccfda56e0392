using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>Several messages in one system call.</summary>
public sealed class BatchTests : IDisposable
{
    private readonly FileDescriptor[] _files = Some.Files(200);

    public void Dispose() => Array.ForEach(_files, file => file.Dispose());

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public async Task Each_descriptor_is_a_message_of_its_own_and_arrives_in_order(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        Task sending = Task.Run(() => DescriptorSender.SendEach(
            left.SafeHandle, "ab"u8, Array.ConvertAll(_files, file => file.SafeHandle), Patience.Long));
        int[] numbers = new int[_files.Length];
        int received = 0;
        var results = new ReceiveResult[7];
        byte[] buffer = new byte[2 * results.Length];
        while (received < numbers.Length)
        {
            int count = DescriptorReceiver.ReceiveNumbers(right.SafeHandle, buffer, numbers.AsSpan(received), results, Patience.Long);
            Assert.All(results[..count], result => Assert.Equal((2, 1, 0), (result.Bytes, result.Descriptors, result.DescriptorsClosed)));
            received += count;
        }

        await sending;
        for (int i = 0; i < numbers.Length; i++)
        {
            Assert.True(Some.AreSame(_files[i].Fd, numbers[i]));
        }

        FileDescriptor.CloseAll(numbers);
        Assert.All(numbers, number => Assert.False(Some.IsOpen(number)));
    }

    [LinuxTheory]
    [InlineData(SocketType.Stream)]
    [InlineData(SocketType.Seqpacket)]
    public void The_end_of_the_connection_is_one_result(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = right;
        DescriptorSender.SendEach(left.SafeHandle, "x"u8, [_files[0].SafeHandle], Patience.Long);
        left.Dispose();
        var results = new ReceiveResult[10];
        byte[] buffer = new byte[10];
        int[] numbers = new int[10];
        Assert.Equal(1, DescriptorReceiver.ReceiveNumbers(right.SafeHandle, buffer, numbers, results.AsMemory(0, 1), Patience.Long));
        FileDescriptor.CloseAll(numbers.AsSpan(0, 1));
        int count = DescriptorReceiver.ReceiveNumbers(right.SafeHandle, buffer, numbers, results, Patience.Long);
        Assert.True(results[count - 1].IsEndOfStream);
        Assert.DoesNotContain(results[..(count - 1)], result => result.IsEndOfStream);
    }

    [LinuxFact]
    public void Descriptors_that_do_not_fit_are_closed_and_counted() => OpenDescriptors.AreUnchangedBy(() =>
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Seqpacket);
        using var _ = left;
        using var __ = right;
        DescriptorSender.SendEach(left.SafeHandle, "x"u8, [_files[0].SafeHandle, _files[1].SafeHandle, _files[2].SafeHandle], Patience.Long);
        var results = new ReceiveResult[3];
        int[] numbers = new int[1];
        Assert.Equal(3, DescriptorReceiver.ReceiveNumbers(right.SafeHandle, new byte[3], numbers, results, Patience.Long));
        Assert.Equal([1, 0, 0], results.Select(result => result.Descriptors));
        Assert.Equal([0, 1, 1], results.Select(result => result.DescriptorsClosed));
        FileDescriptor.CloseAll(numbers);
    });

    [LinuxFact]
    public void A_batch_that_times_out_reports_the_messages_that_were_sent()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Seqpacket);
        using var _ = left;
        using var __ = right;
        int[] numbers = [.. Enumerable.Range(0, 2000).Select(i => _files[i % _files.Length].Fd)];
        SendTimeoutException exception = Assert.Throws<SendTimeoutException>(
            () => DescriptorSender.SendEachNumber(left.SafeHandle, "x"u8, numbers, Patience.Short));
        Assert.Equal(exception.MessagesSent, exception.DescriptorsSent);
        int received = 0;
        while (DescriptorReceiver.TryReceive(right.SafeHandle, new byte[1], [], peek: false, out ReceiveResult result))
        {
            received += result.DescriptorsClosed;
        }

        Assert.Equal(exception.DescriptorsSent, received);
    }
}
