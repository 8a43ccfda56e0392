using System.Net.Sockets;

namespace PSFdPass.Tests.Echo;

/// <summary>Descriptors on which stat(2) and close(2) block. They do not delay other users.</summary>
public sealed class BlockingDescriptorTests : IDisposable
{
    // More than the number of threads that close descriptors.
    private const int Many = 20;

    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [FuseFact]
    public void Users_are_served_while_descriptors_of_a_FUSE_file_system_block_in_a_wide_receiver()
    {
        using var file = new FuseFile();
        using Player receiver = Player.Sample(_folder.Path, "WideReceiver");
        receiver.WaitFor("^Listening");
        using Socket wire = UnixSocket.Connect(UnixSocketAddress.FromPath(_folder.File("fd-pass.sock")));
        using (FileDescriptor blocking = FileDescriptor.Open(file.Path, FileAccess.ReadWrite))
        {
            file.Hold();
            for (int i = 0; i < Many; i++)
            {
                wire.SendDescriptors(blocking.SafeHandle);
            }

            file.WaitUntilHeld();
            AssertServes(wire, receiver);
            AssertServes(wire, receiver);
            file.Answer();
        }

        receiver.WaitFor("^Ignoring");
        AssertServes(wire, receiver);
        receiver.Signal(Signals.Terminate);
        receiver.Finish().Succeeded();
    }

    [FuseFact]
    public void Users_are_served_while_a_wide_receiver_sends_descriptors_of_a_FUSE_file_system_to_the_quarterback()
    {
        using var file = new FuseFile();
        using Socket receivers = UnixSocketListener.Create(UnixSocketAddress.FromPath(_folder.File("fd-pass.sock")));
        using Player quarterback = Player.Sample(_folder.Path, "Quarterback", "--port", "0");
        using Socket wire = UnixSocket.Accept(receivers.SafeHandle, Patience.Long);
        int port = quarterback.WaitForPort();
        using FileDescriptor blocking = FileDescriptor.Open(file.Path, FileAccess.ReadWrite);
        file.Hold();
        for (int i = 0; i < Many; i++)
        {
            wire.SendDescriptors(blocking.SafeHandle);
        }

        // Unlike in the test above, no call has to be held here.
        foreach (User user in User.Many(3, port))
        {
            using (user)
            {
                user.MeetsQuarterback(quarterback.Id);
                using ReceivedMessage message = Some.Receive(wire);
                Assert.Equal(user.Address, SocketInfo.RemoteEndPointOf(Assert.Single(message.Descriptors).SafeHandle)!.ToString());
            }
        }

        file.Answer();
        quarterback.Signal(Signals.Terminate);
        quarterback.Finish().Succeeded();
    }

    private static void AssertServes(Socket wire, Player receiver)
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using (client)
        using (var reader = new StreamReader(client.GetStream()))
        {
            using (server)
            {
                wire.SendDescriptors(server.SafeHandle);
                FileDescriptor.CloseHandle(server.SafeHandle);
            }

            client.ReceiveTimeout = (int)Patience.Long.TotalMilliseconds;
            Assert.Equal($"Hello from Wide Receiver on PID ({receiver.Id})!", reader.ReadLine());
            client.Client.Send("foo\n"u8);
            Assert.Equal("foo", reader.ReadLine());
        }
    }
}
