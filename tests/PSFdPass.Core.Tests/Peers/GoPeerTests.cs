using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>Go's WriteMsgUnix and ReadMsgUnix.</summary>
public sealed class GoPeerTests() : PeerTests("Go")
{
    [PeerTheory("go")]
    [MemberData(nameof(Wires))]
    public void We_receive_what_Go_sends(SocketType type, bool isAbstract, int count) => ReceiveFromPeer(type, isAbstract, count);

    [PeerTheory("go")]
    [MemberData(nameof(Wires))]
    public void Go_receives_what_we_send(SocketType type, bool isAbstract, int count) => SendToPeer(type, isAbstract, count);
}
