using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>sendmsg(2) and recvmsg(2), in C.</summary>
public sealed class CPeerTests() : PeerTests("C")
{
    [PeerTheory("gcc")]
    [MemberData(nameof(Wires))]
    public void We_receive_what_C_sends(SocketType type, bool isAbstract, int count) => ReceiveFromPeer(type, isAbstract, count);

    [PeerTheory("gcc")]
    [MemberData(nameof(Wires))]
    public void C_receives_what_we_send(SocketType type, bool isAbstract, int count) => SendToPeer(type, isAbstract, count);
}
