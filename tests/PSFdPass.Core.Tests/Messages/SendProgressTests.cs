using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace PSFdPass.Tests;

/// <summary>Exceptions of a send that was not completed report what was sent.</summary>
public sealed class SendProgressTests : IDisposable
{
    private readonly FileDescriptor _file = Some.File();
    private readonly Socket _left;
    private readonly Socket _right;

    public SendProgressTests() => (_left, _right) = UnixSocket.CreatePair();

    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
        _file.Dispose();
    }

    [LinuxFact]
    public void A_timeout_reports_the_descriptors_that_were_not_sent()
    {
        Some.Fill(_left);
        SendTimeoutException exception = Assert.Throws<SendTimeoutException>(() => DescriptorSender.SendNumbers(
            _left.SafeHandle, "abc"u8, Enumerable.Repeat(_file.Fd, 600).ToArray(), Patience.Short));
        Assert.Equal((0, 0, 0), (exception.MessagesSent, exception.DescriptorsSent, exception.BytesSent));
        Assert.Contains("0 of 600 descriptors and 0 of 3 bytes were sent", exception.Message);
    }

    [LinuxFact]
    public void A_timeout_of_data_alone_does_not_mention_descriptors()
    {
        byte[] data = new byte[10 << 20];
        SendTimeoutException exception = Assert.Throws<SendTimeoutException>(
            () => DescriptorSender.Send(_left.SafeHandle, data, [], Patience.Short));
        Assert.DoesNotContain("descriptor", exception.Message);
        Assert.InRange(exception.BytesSent, 1, data.Length - 1);
        Assert.Equal(exception.BytesSent, Some.Drain(_right));
    }

    [LinuxFact]
    public void A_timeout_after_the_first_part_reports_that_the_descriptors_were_sent()
    {
        byte[] data = new byte[10 << 20];
        SendTimeoutException exception = Assert.Throws<SendTimeoutException>(
            () => DescriptorSender.Send(_left.SafeHandle, data, [_file.SafeHandle], Patience.Short));
        Assert.Equal(1, exception.DescriptorsSent);
        using ReceivedMessage first = _right.ReceiveDescriptors()!;
        Assert.Single(first.Descriptors);
        Assert.Equal(exception.BytesSent, first.Data.Length + Some.Drain(_right));
    }

    [LinuxFact]
    public async Task A_canceled_send_reports_what_was_sent()
    {
        using var source = new CancellationTokenSource();
        byte[] data = new byte[10 << 20];
        Task sending = DescriptorSender.SendAsync(
            _left.SafeHandle, data, new SafeHandle[] { _file.SafeHandle }, Patience.Long, source.Token).AsTask();
        source.Cancel();
        SendCanceledException exception = await Assert.ThrowsAsync<SendCanceledException>(() => sending.WaitAsync(Patience.Long));
        Assert.Equal(1, exception.DescriptorsSent);
        Assert.Equal(source.Token, exception.CancellationToken);
    }

    [LinuxFact]
    public void A_negative_timeout_is_an_error_and_sends_nothing()
    {
        Assert.Throws<ArgumentOutOfRangeException>(
            () => DescriptorSender.Send(_left.SafeHandle, "x"u8, [], TimeSpan.FromMilliseconds(-400)));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => DescriptorReceiver.ReceiveMessage(_right.SafeHandle, TimeSpan.FromMilliseconds(-400)));
        Assert.Throws<TimeoutException>(() => DescriptorReceiver.ReceiveMessage(_right.SafeHandle, Patience.None));
    }

    [LinuxFact]
    public void A_number_that_now_refers_to_another_socket_is_checked_again()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using (client)
        using (server)
        using (FileDescriptor socket = FileDescriptor.Duplicate((int)_left.Handle))
        {
            DescriptorSender.Send(socket.SafeHandle, [_file.SafeHandle], Patience.Long);
            Assert.True(PSFdPass.Interop.Unistd.Replace((int)server.Handle, socket.Fd) >= 0);
            Assert.Throws<NotUnixSocketException>(() => DescriptorSender.Send(socket.SafeHandle, [_file.SafeHandle], Patience.Long));
        }
    }
}
