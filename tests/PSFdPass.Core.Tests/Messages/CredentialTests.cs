using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>The process at the other end of a connection, and the sender of a message.</summary>
public sealed class CredentialTests
{
    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void A_message_has_the_credentials_of_its_sender_when_the_socket_requests_them(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        EnableCredentials(right);
        left.SendDescriptors(file.SafeHandle);
        using ReceivedMessage message = Some.Receive(right);
        Assert.Equal(Environment.ProcessId, message.Credentials?.ProcessId);
        Assert.Equal(Unistd.GetEUid(), message.Credentials?.UserId);
        Assert.Single(message.Descriptors);

        // All 253 descriptors fit beside the credentials.
        DescriptorSender.SendNumbers(left.SafeHandle, Enumerable.Repeat(file.Fd, 253).ToArray(), Patience.Long);
        using ReceivedMessage full = Some.Receive(right);
        Assert.Equal((253, MessageFlags.None), (full.Descriptors.Count, full.Flags));
        Assert.NotNull(full.Credentials);
    }

    [KernelFact(6, 5)]
    public unsafe void An_unexpected_process_descriptor_is_closed()
    {
        const int SO_PASSPIDFD = 76;
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        int on = 1;
        Assert.Equal(0, SysSocket.SetSockOpt((int)right.Handle, Constants.Current.SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(int)));
        OpenDescriptors.AreUnchangedBy(() =>
        {
            Some.Send(left, "x"u8);
            using ReceivedMessage message = Some.Receive(right);
            Assert.Empty(message.Descriptors);
            Assert.Equal(MessageFlags.None, message.Flags);
        });
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void The_peer_of_a_pair_is_this_process(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        var peer = UnixSocketPeer.Of(left.SafeHandle);
        Assert.Equal((Environment.ProcessId, Unistd.GetEUid()), (peer.ProcessId, peer.UserId));
        Assert.Equal($"pid {peer.ProcessId} uid {peer.UserId} gid {peer.GroupId}", peer.ToString());
    }

    [LinuxFact]
    public void The_peer_of_a_connection_is_the_process_at_the_other_end()
    {
        using var directory = new TemporaryDirectory();
        using Socket listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(directory.File("s")));
        using Program program = Program.Start("python3", "-c",
            "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); sys.stdin.read()", directory.File("s"));
        using Socket connection = UnixSocket.Accept(listener.SafeHandle, Patience.Long);

        // With a version manager, python3 may be a shim that runs Python in another process.
        var peer = UnixSocketPeer.Of(connection.SafeHandle);
        Assert.NotEqual(Environment.ProcessId, peer.ProcessId);
        Assert.Contains("python", File.ReadAllText($"/proc/{peer.ProcessId}/comm"));
        Assert.Equal(Unistd.GetEUid(), peer.UserId);
        program.Finish().Succeeded();
    }

    [LinuxFact]
    public void The_peer_of_a_socket_that_is_not_connected_is_ENOTCONN()
    {
        using Socket listener = UnixSocketListener.Create(UnixSocketAddress.FromAbstractName(Guid.NewGuid().ToString()));
        Assert.Equal("ENOTCONN", Assert.Throws<SystemCallException>(() => UnixSocketPeer.Of(listener.SafeHandle)).ErrnoName);
        using var unconnected = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        Assert.Equal("ENOTCONN", Assert.Throws<SystemCallException>(() => UnixSocketPeer.Of(unconnected.SafeHandle)).ErrnoName);
    }

    [LinuxFact]
    public void The_peer_of_a_TCP_connection_is_NotUnixSocketException()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using var _ = client;
        using var __ = server;
        Assert.Throws<NotUnixSocketException>(() => UnixSocketPeer.Of(server.SafeHandle));
    }

    internal static unsafe void EnableCredentials(Socket socket)
    {
        int on = 1;
        Assert.Equal(0, SysSocket.SetSockOpt(
            (int)socket.Handle, Constants.Current.SOL_SOCKET, Constants.Current.SO_PASSCRED, &on, sizeof(int)));
    }
}
