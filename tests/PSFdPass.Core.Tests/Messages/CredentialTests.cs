using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>Who is at the other end, and who sent a message.</summary>
public sealed class CredentialTests
{
    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void A_message_tells_who_sent_it_where_the_socket_asks_for_that(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        AskForCredentials(right);
        left.SendDescriptors(file.SafeHandle);
        using ReceivedMessage message = Some.Receive(right);
        Assert.Equal(Environment.ProcessId, message.Credentials?.ProcessId);
        Assert.Equal(Unistd.GetEUid(), message.Credentials?.UserId);
        Assert.Single(message.Descriptors);

        // All 253 descriptors have room beside the credentials.
        DescriptorSender.SendNumbers(left.SafeHandle, Enumerable.Repeat(file.Fd, 253).ToArray(), Patience.Long);
        using ReceivedMessage full = Some.Receive(right);
        Assert.Equal((253, MessageFlags.None), (full.Descriptors.Count, full.Flags));
        Assert.NotNull(full.Credentials);
    }

    [KernelFact(6, 5)]
    public unsafe void A_process_descriptor_that_nobody_asked_us_for_is_closed()
    {
        const int SO_PASSPIDFD = 76;
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        int on = 1;
        Assert.Equal(0, SysSocket.SetSockOpt((int)right.Handle, Constants.Current.SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(int)));
        OpenDescriptors.AreLeftAsTheyWere(() =>
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

        // The shim of a version manager may start another process, which is Python then.
        var peer = UnixSocketPeer.Of(connection.SafeHandle);
        Assert.NotEqual(Environment.ProcessId, peer.ProcessId);
        Assert.Contains("python", File.ReadAllText($"/proc/{peer.ProcessId}/comm"));
        Assert.Equal(Unistd.GetEUid(), peer.UserId);
        program.Finish().Succeeded();
    }

    [LinuxFact]
    public void Without_a_peer_it_is_ENOTCONN()
    {
        using Socket listener = UnixSocketListener.Create(UnixSocketAddress.FromAbstractName(Guid.NewGuid().ToString()));
        Assert.Equal("ENOTCONN", Assert.Throws<SystemCallException>(() => UnixSocketPeer.Of(listener.SafeHandle)).ErrnoName);
        using var unconnected = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        Assert.Equal("ENOTCONN", Assert.Throws<SystemCallException>(() => UnixSocketPeer.Of(unconnected.SafeHandle)).ErrnoName);
    }

    [LinuxFact]
    public void A_TCP_connection_has_no_such_peer()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using var _ = client;
        using var __ = server;
        Assert.Throws<NotUnixSocketException>(() => UnixSocketPeer.Of(server.SafeHandle));
    }

    internal static unsafe void AskForCredentials(Socket socket)
    {
        int on = 1;
        Assert.Equal(0, SysSocket.SetSockOpt(
            (int)socket.Handle, Constants.Current.SOL_SOCKET, Constants.Current.SO_PASSCRED, &on, sizeof(int)));
    }
}
