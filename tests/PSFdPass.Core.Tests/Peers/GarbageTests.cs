using PSFdPass.Handles;
using System.Net.Sockets;
using PSFdPass.Messages;

namespace PSFdPass.Tests;

/// <summary>A peer in C that sends unusual messages. Nothing is lost, leaked or misinterpreted.</summary>
[Collection(PeerProgram.Collection)]
public sealed class GarbageTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public static TheoryData<SocketType> ConnectedTypes => [SocketType.Stream, SocketType.Seqpacket];

    public void Dispose() => _directory.Dispose();

    [PeerTheory("gcc")]
    [MemberData(nameof(ConnectedTypes))]
    public void A_peer_that_sends_nothing_is_the_end(SocketType type) =>
        From("nothing", type, socket => Assert.Null(socket.ReceiveDescriptors()));

    [PeerTheory("gcc")]
    [MemberData(nameof(ConnectedTypes))]
    public void Bytes_without_a_descriptor_are_received(SocketType type) => From("bytes", type, socket =>
    {
        using ReceivedMessage message = Some.Receive(socket);
        Assert.Equal(("garbage, no descriptor", 0), (message.Text, message.Descriptors.Count));
        Assert.Null(socket.ReceiveDescriptors());
    });

    [PeerTheory("gcc")]
    [MemberData(nameof(ConnectedTypes))]
    public void All_253_descriptors_of_a_message_are_received(SocketType type) => From("many", type, socket =>
    {
        using ReceivedMessage message = Some.Receive(socket);
        Assert.Equal([253], message.Data);
        Assert.Equal(253, message.Descriptors.Select(d => d.Fd).Distinct().Count());
        Assert.All(message.Descriptors, d => Assert.Equal("/dev/null", d.Target));
    });

    [PeerTheory("gcc")]
    [MemberData(nameof(ConnectedTypes))]
    public void Descriptors_that_do_not_fit_into_the_callers_span_are_closed(SocketType type) => From("many", type, socket =>
    {
        int[] one = new int[1];
        ReceiveResult result = DescriptorReceiver.ReceiveNumbers(socket.SafeHandle, new byte[1], one, Patience.Long);
        Assert.Equal((1, 252, MessageFlags.None), (result.Descriptors, result.DescriptorsClosed, result.Flags));
        Closing.CloseAll(one);
    });

    [PeerTheory("gcc")]
    [MemberData(nameof(ConnectedTypes))]
    public void The_message_of_a_peer_that_was_killed_is_received(SocketType type) => From(
        "dies",
        type,
        socket =>
        {
            using ReceivedMessage message = Some.Receive(socket);
            Assert.Equal(2, message.Descriptors.Count);
            Assert.All(message.Descriptors, d => Assert.Equal(DescriptorKind.CharacterDevice, d.Kind));
            Assert.Null(socket.ReceiveDescriptors());
        },
        exitCode: 128 + 9);

    [PeerTheory("gcc")]
    [MemberData(nameof(ConnectedTypes))]
    public void Credentials_that_were_not_requested_are_not_reported(SocketType type) => From("credentials", type, socket =>
    {
        using ReceivedMessage message = Some.Receive(socket);
        Assert.Null(message.Credentials);
        Assert.Single(message.Descriptors);
        Assert.Null(socket.ReceiveDescriptors());
    });

    [PeerTheory("gcc")]
    [MemberData(nameof(ConnectedTypes))]
    public void Credentials_that_were_requested_are_reported(SocketType type)
    {
        // A socket inherits SO_PASSCRED from the listener, so it is on before the first message arrives.
        int id = 0;
        From("credentials", type, socket =>
        {
            using ReceivedMessage message = Some.Receive(socket);
            Assert.Equal(id, message.Credentials?.ProcessId);
            Assert.Single(message.Descriptors);
            Assert.Null(socket.ReceiveDescriptors());
        }, listening: CredentialTests.EnableCredentials, started: program => id = program.Id);
    }

    [PeerTheory("gcc")]
    [MemberData(nameof(ConnectedTypes))]
    public void The_descriptors_of_two_control_messages_are_received(SocketType type) => From("two", type, socket =>
    {
        using ReceivedMessage message = Some.Receive(socket);
        Assert.Equal([3], message.Data);
        Assert.Equal(3, message.Descriptors.Count);
    });

    [PeerTheory("gcc")]
    [MemberData(nameof(ConnectedTypes))]
    public void A_descriptor_without_a_byte_is_received_except_on_a_stream(SocketType type) => From("empty", type, socket =>
    {
        if (type == SocketType.Stream)
        {
            // The kernel drops it.
            Assert.Null(socket.ReceiveDescriptors());
            return;
        }

        using ReceivedMessage message = Some.Receive(socket);
        Assert.Empty(message.Data);
        Assert.Single(message.Descriptors);
        Assert.Null(socket.ReceiveDescriptors());
    });

    private void From(
        string kind,
        SocketType type,
        Action<Socket> receive,
        int exitCode = 0,
        Action<Socket>? listening = null,
        Action<Program>? started = null)
    {
        var address = UnixSocketAddress.FromPath(_directory.File("s"));
        OpenDescriptors.AreUnchangedBy(() =>
        {
            using Socket listener = UnixSocketListener.Create(address, type);
            listening?.Invoke(listener);
            using Program peer = PeerProgram.Start(
                "C", "garbage", address.ToString(), type == SocketType.Stream ? "stream" : "seqpacket", kind);
            started?.Invoke(peer);
            using Socket socket = UnixSocket.Accept(listener.SafeHandle, Patience.Long);
            receive(socket);
            Program.Result result = peer.Finish();
            Assert.True(result.ExitCode == exitCode, result.ToString());
        });
    }
}
