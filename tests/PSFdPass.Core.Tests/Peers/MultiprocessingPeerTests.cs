using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>Python's multiprocessing.reduction, which requires the count byte.</summary>
public sealed class MultiprocessingPeerTests() : PeerTests("multiprocessing")
{
    [PeerTheory("python3")]
    [MemberData(nameof(Wires))]
    public void We_receive_what_multiprocessing_sends(SocketType type, bool isAbstract, int count) => ReceiveFromPeer(type, isAbstract, count);

    [PeerTheory("python3")]
    [MemberData(nameof(Wires))]
    public void multiprocessing_receives_what_we_send(SocketType type, bool isAbstract, int count) => SendToPeer(type, isAbstract, count);
}
