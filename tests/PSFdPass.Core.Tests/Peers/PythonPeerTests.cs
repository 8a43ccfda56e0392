using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>Python's socket.send_fds and recv_fds.</summary>
public sealed class PythonPeerTests() : PeerTests("Python")
{
    [PeerTheory("python3")]
    [MemberData(nameof(Wires))]
    public void We_receive_what_Python_sends(SocketType type, bool isAbstract, int count) => ReceiveFromPeer(type, isAbstract, count);

    [PeerTheory("python3")]
    [MemberData(nameof(Wires))]
    public void Python_receives_what_we_send(SocketType type, bool isAbstract, int count) => SendToPeer(type, isAbstract, count);
}
