using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>Ruby's send_io and recv_io: one descriptor per message.</summary>
public sealed class RubyPeerTests() : PeerTests("Ruby", oneDescriptorPerMessage: true)
{
    [PeerTheory("ruby")]
    [MemberData(nameof(Wires))]
    public void We_receive_what_Ruby_sends(SocketType type, bool isAbstract, int count) => ReceiveFromPeer(type, isAbstract, count);

    [PeerTheory("ruby")]
    [MemberData(nameof(Wires))]
    public void Ruby_receives_what_we_send(SocketType type, bool isAbstract, int count) => SendToPeer(type, isAbstract, count);
}
