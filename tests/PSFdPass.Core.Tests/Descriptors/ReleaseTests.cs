using System.Net.Sockets;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PSFdPass.Tests;

/// <summary>Closing the sender's copy, like close(2), does not affect the receiver's copy.</summary>
public sealed class ReleaseTests
{
    public static TheoryData<string> Holders => ["TcpClient", "Socket", "NetworkStream", "SafeSocketHandle", "FileDescriptor", "number"];

    [LinuxTheory]
    [MemberData(nameof(Holders))]
    public void A_TCP_connection_stays_open_in_the_receiver(string kind)
    {
        (Socket server, FileDescriptor received) = PassAndClose(kind);
        OpenDescriptors.Settle();
        using var _ = server;
        using Socket socket = received.OpenSocket();
        byte[] buffer = new byte[100];
        server.Send("to the receiver"u8);
        Assert.Equal("to the receiver"u8, buffer.AsSpan(0, socket.Receive(buffer)));
        socket.Send("from the receiver"u8);
        Assert.Equal("from the receiver"u8, buffer.AsSpan(0, server.Receive(buffer)));
    }

    [LinuxTheory]
    [MemberData(nameof(Holders))]
    public void Closing_the_receivers_copy_ends_the_connection_without_a_reset(string kind)
    {
        (Socket server, FileDescriptor received) = PassAndClose(kind);
        using var _ = server;
        Some.Write(received.Fd, "last words");
        using (FileDescriptor copy = received.Duplicate())
        using (Socket socket = copy.OpenSocket())
        {
            Assert.False(socket.LingerState!.Enabled);
        }

        received.Dispose();
        byte[] buffer = new byte[100];
        Assert.Equal("last words"u8, buffer.AsSpan(0, server.Receive(buffer)));
        Assert.Equal(0, server.Receive(buffer));
    }

    [LinuxFact]
    public void The_connection_is_released_at_once_and_unchanged_while_another_call_holds_the_handle()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using (client)
        using (FileDescriptor received = FileDescriptor.Duplicate((int)server.Handle))
        {
            SafeSocketHandle handle = server.SafeHandle;
            GC.SuppressFinalize(server);
            bool isHeld = false;
            handle.DangerousAddRef(ref isHeld);
            FileDescriptor.CloseHandle(handle);
            Assert.False(Some.AreSame((int)handle.DangerousGetHandle(), received.Fd));

            // The runtime's own cleanup, which sets SO_LINGER to zero, runs only now.
            handle.DangerousRelease();
            using (FileDescriptor copy = received.Duplicate())
            using (Socket socket = copy.OpenSocket())
            {
                Assert.False(socket.LingerState!.Enabled);
            }

            Some.Write(received.Fd, "last words");
            received.Dispose();
            byte[] buffer = new byte[100];
            Assert.Equal("last words"u8, buffer.AsSpan(0, client.Client.Receive(buffer)));
            Assert.Equal(0, client.Client.Receive(buffer));
        }
    }

    [LinuxFact]
    public void The_senders_copy_is_closed()
    {
        using var directory = new TemporaryDirectory();
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = right;
        FileDescriptor number = Some.File();
        var numberFd = number.Detach();
        FileStream stream = File.Create(directory.File("file"));
        stream.Write("buffered"u8);
        using var udp = new UdpClient(0);
        stream.Flush();
        SafeHandle[] handles = [left.SafeHandle, stream.SafeFileHandle, udp.Client.SafeHandle];
        int[] fds = [.. handles.Select(handle => (int)handle.DangerousGetHandle())];
        foreach (SafeHandle handle in handles)
        {
            FileDescriptor.CloseHandle(handle);
            Assert.True(handle.IsClosed);
        }

        FileDescriptor.CloseByNumber(numberFd);
        Assert.All([.. fds, numberFd], fd => Assert.False(Some.IsOpen(fd)));

        Assert.Equal("buffered", File.ReadAllText(directory.File("file")));
    }

    [LinuxFact]
    public void The_path_of_a_Unix_listener_is_kept_even_when_the_listener_is_collected()
    {
        using var directory = new TemporaryDirectory();
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        SendAndClose(left, directory.File("s"));
        OpenDescriptors.Settle();
        Assert.True(File.Exists(directory.File("s")));

        using ReceivedMessage message = Some.Receive(right);
        using Socket listener = message.Descriptors[0].OpenSocket();
        using Socket client = UnixSocket.Connect(
            UnixSocketAddress.FromPath(directory.File("s")), SocketType.Stream, Patience.Long);
        using Socket server = UnixSocket.Accept(listener.SafeHandle, Patience.Long);
        Assert.True(server.Connected);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void SendAndClose(Socket socket, string path)
        {
            Socket listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(path));
            socket.SendDescriptors(listener.SafeHandle);
            Close(listener);
        }
    }

    [LinuxFact]
    public void A_TCP_listener_keeps_listening_in_the_receiver()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = (IPEndPoint)listener.LocalEndpoint;
        left.SendDescriptors(HandleOf(listener));
        Close(listener);
        OpenDescriptors.Settle();
        using ReceivedMessage message = Some.Receive(right);
        Assert.EndsWith("(listening)", message.Descriptors[0].Target);
        using Socket adopted = message.Descriptors[0].OpenSocket();
        using var client = new TcpClient();
        client.Connect(address);
        using Socket server = adopted.Accept();
        Assert.True(server.Connected);
    }

    [LinuxFact]
    public async Task A_connection_that_was_used_asynchronously_stays_open_too()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using var _ = server;
        NetworkStream stream = client.GetStream();
        Task<int> reading = stream.ReadAsync(new byte[10]).AsTask();
        server.Send("x"u8);
        Assert.Equal(1, await reading);
        FileDescriptor received = Pass(client);
        Close(client);
        using Stream after = received.OpenStream();
        Task<int> readingOn = after.ReadAsync(new byte[10]).AsTask();
        server.Send("yz"u8);
        Assert.Equal(2, await readingOn.WaitAsync(Patience.Long));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (Socket Server, FileDescriptor Received) PassAndClose(string kind)
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        object holder = kind switch
        {
            "TcpClient" => client,
            "Socket" => client.Client,
            "NetworkStream" => client.GetStream(),
            "SafeSocketHandle" => client.Client.SafeHandle,
            "FileDescriptor" => new FileDescriptor(Libc.Checked(Libc.Dup((int)client.Client.Handle)), ownsHandle: true),
            _ => Libc.Checked(Libc.Dup((int)client.Client.Handle)),
        };
        FileDescriptor received = Pass(holder);
        Close(holder);
        if (kind is "FileDescriptor" or "number")
        {
            Close(client);
        }

        return (server, received);
    }

    private static FileDescriptor Pass(object holder)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        left.SendDescriptors(HandleOf(holder));
        return Some.Receive(right).Descriptors[0];
    }

    // Closes the descriptor of an object as its user would. The object must not change the connection when it is collected.
    private static void Close(object holder)
    {
        if (holder is int number)
        {
            FileDescriptor.CloseByNumber(number);
            return;
        }

        FileDescriptor.CloseHandle(HandleOf(holder));
        Socket? socket = holder switch
        {
            TcpClient client => client.Client,
            TcpListener listener => listener.Server,
            NetworkStream stream => stream.Socket,
            _ => holder as Socket,
        };
        if (socket is not null)
        {
            GC.SuppressFinalize(socket);
        }
    }

    private static SafeHandle HandleOf(object holder) => holder switch
    {
        Socket socket => socket.SafeHandle,
        TcpClient client => client.Client.SafeHandle,
        TcpListener listener => listener.Server.SafeHandle,
        NetworkStream stream => stream.Socket.SafeHandle,
        FileDescriptor descriptor => descriptor.SafeHandle,
        int number => new FileDescriptor(number, ownsHandle: false).SafeHandle,
        _ => (SafeHandle)holder,
    };
}
