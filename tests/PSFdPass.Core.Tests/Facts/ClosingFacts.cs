using System.Net.Sockets;
using System.Net;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>The effects of .NET on a connection, a listener or a path when the sender's copy is closed.</summary>
public sealed class ClosingFacts
{
    [LinuxFact]
    public void TcpClient_Close_after_a_hand_over_shuts_the_connection_down_for_the_receiver()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using var _ = server;
        using FileDescriptor handedOver = Pass(client.Client);
        client.Close();
        Assert.Equal(0, server.Receive(new byte[1]));
    }

    [LinuxFact]
    public void Socket_Dispose_after_a_hand_over_leaves_the_connection_alive()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using var _ = server;
        using FileDescriptor handedOver = Pass(client.Client);
        client.Client.Dispose();
        Some.Write(handedOver.Fd, "still here");
        byte[] buffer = new byte[100];
        Assert.Equal("still here"u8, buffer.AsSpan(0, server.Receive(buffer)));
    }

    [LinuxFact]
    public void Socket_Dispose_resets_the_connection_while_a_synchronous_Receive_is_blocked_on_it()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using var _ = server;
        using FileDescriptor handedOver = Pass(client.Client);
        BlockedThread receiving = BlockedThread.Start(() => client.Client.Receive(new byte[1]));
        client.Client.Dispose();
        Assert.IsType<SocketException>(receiving.Join());
        SocketException reset = Assert.Throws<SocketException>(() => server.Receive(new byte[1]));
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
    }

    [LinuxFact]
    public void Disposing_a_listener_with_a_blocked_synchronous_Accept_stops_the_shared_listener()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using FileDescriptor handedOver = Pass(listener);
        BlockedThread accepting = BlockedThread.Start(() => listener.Accept());
        listener.Dispose();
        Assert.IsType<SocketException>(accepting.Join());
        Assert.DoesNotContain("listening", handedOver.Target);
    }

    [LinuxFact]
    public async Task Disposing_a_listener_right_after_our_async_accept_leaves_the_shared_listener_alive()
    {
        for (int i = 0; i < 50; i++)
        {
            var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            using FileDescriptor handedOver = Pass(listener);
            Task<Socket> accepting = UnixSocket.AcceptAsync(listener.SafeHandle, Patience.Long);
            using var client = new TcpClient();
            client.Connect((IPEndPoint)listener.LocalEndPoint!);
            using Socket accepted = await accepting;
            listener.Dispose();
            Assert.Contains("(listening)", handedOver.Target);
        }
    }

    [LinuxFact]
    public async Task Disposing_a_listener_right_after_a_canceled_async_accept_leaves_the_shared_listener_alive()
    {
        for (int i = 0; i < 50; i++)
        {
            var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            using FileDescriptor handedOver = Pass(listener);
            using var source = new CancellationTokenSource();
            Task<Socket> accepting = UnixSocket.AcceptAsync(listener.SafeHandle, Patience.Long, source.Token);
            source.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting);
            listener.Dispose();
            Assert.Contains("(listening)", handedOver.Target);
        }
    }

    [LinuxFact]
    public void Disposing_the_Socket_that_bound_a_path_unlinks_it_even_after_the_listener_was_handed_over()
    {
        using var directory = new TemporaryDirectory();
        string path = directory.File("s");
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        using FileDescriptor handedOver = Pass(listener);
        Assert.True(File.Exists(path));
        listener.Dispose();
        Assert.False(File.Exists(path));
    }

    [LinuxFact]
    public void Disposing_an_adopted_listener_does_not_unlink_its_path()
    {
        using var directory = new TemporaryDirectory();
        string path = directory.File("s");
        using Socket listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(path));
        using FileDescriptor handedOver = Pass(listener);
        handedOver.OpenSocket().Dispose();
        Assert.True(File.Exists(path));
    }

    [LinuxFact]
    public void Dup_drops_close_on_exec_and_leaks_into_every_child_and_Duplicate_does_not()
    {
        using FileDescriptor file = Some.File();
        using var leaky = new FileDescriptor(Libc.Checked(Libc.Dup(file.Fd)), ownsHandle: true);
        using FileDescriptor duplicate = file.Duplicate();
        Assert.Equal(DescriptorFlags.None, leaky.Flags);
        Assert.Equal(DescriptorFlags.CloseOnExec, duplicate.Flags);
        Assert.Equal("leaks", Inherited(leaky));
        Assert.Equal("is closed", Inherited(duplicate));
        Assert.Equal("is closed", Inherited(file));

        static string Inherited(FileDescriptor descriptor) => Program
            .Run("/bin/sh", "-c", $"case $(readlink /proc/self/fd/{descriptor.Fd}) in *memfd:letters*) echo leaks;; *) echo is closed;; esac")
            .Succeeded().Output.Trim();
    }

    [LinuxFact]
    public void A_disposed_handle_keeps_its_number_until_its_lease_ends()
    {
        using FileDescriptor file = Some.File();
        var handle = new SafeDescriptorHandle(file.Detach(), ownsHandle: true);
        int fd = (int)handle.DangerousGetHandle();
        using (var lease = new HandleLease(handle))
        {
            handle.Dispose();
            Assert.True(Some.IsOpen(fd));
            Assert.Equal(fd, lease.Fd);
        }

        Assert.True(handle.IsClosed);
        Assert.False(Some.IsOpen(fd));
    }

    [LinuxFact]
    public void Disposing_a_socket_during_a_wait_closes_its_number_at_once()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        FileDescriptor descriptor = FileDescriptor.Duplicate((int)right.Handle);
        right.Dispose();
        int fd = descriptor.Fd;
        BlockedThread waiting = BlockedThread.Start(
            () => DescriptorReceiver.ReceiveMessage(descriptor.SafeHandle, Patience.Long));
        descriptor.Dispose();
        Assert.False(Some.IsOpen(fd));
        Assert.IsType<ObjectDisposedException>(waiting.Join());
    }

    [LinuxFact]
    public void A_failed_call_reports_its_errno()
    {
        using FileDescriptor file = Some.File();
        SystemCallException exception = Assert.Throws<SystemCallException>(
            () => DescriptorReceiver.ReceiveMessage(file.SafeHandle, Patience.None));
        Assert.Equal("ENOTSOCK", exception.ErrnoName);
        Assert.Equal(Errno.ENOTSOCK, exception.Errno);
    }

    /// <summary>Passes a copy of a socket through a pair, as another process would get it.</summary>
    private static FileDescriptor Pass(Socket socket)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        left.SendDescriptors(socket.SafeHandle);
        return Some.Receive(right).Descriptors[0];
    }

    // In this test, Socket.Accept of .NET 10 would close descriptor 0, because a wait that is ended by the disposal returns the number 0,
    // which is then closed as if it were the connection's.
    [LinuxFact]
    public void Disposing_a_listener_while_another_thread_accepts_does_not_close_descriptor_0() => Child.Run(DisposeListenerDuringAccept);

    private static void DisposeListenerDuringAccept()
    {
        for (int round = 0; round < 20; round++)
        {
            Socket listener = UnixSocketListener.Create(UnixSocketAddress.FromAbstractName($"closing-{Environment.ProcessId}-{round}"));
            BlockedThread accepting = BlockedThread.Start(() => UnixSocket.Accept(listener, Timeout.InfiniteTimeSpan).Dispose());
            listener.Dispose();
            Assert.IsType<ObjectDisposedException>(accepting.Join());
            Assert.True(Some.IsOpen(0));
        }
    }
}
