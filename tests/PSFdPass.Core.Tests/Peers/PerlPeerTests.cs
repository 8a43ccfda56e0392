using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>Perl's IO::FDPass: one descriptor per message, and the byte has to be 0.</summary>
public sealed class PerlPeerTests() : PeerTests("Perl", oneDescriptorPerMessage: true, firstByte: 0)
{
    [PeerTheory("perl")]
    [MemberData(nameof(Wires))]
    public void We_receive_what_Perl_sends(SocketType type, bool isAbstract, int count) => ReceiveFromPeer(type, isAbstract, count);

    [PeerTheory("perl")]
    [MemberData(nameof(Wires))]
    public void Perl_receives_what_we_send(SocketType type, bool isAbstract, int count) => SendToPeer(type, isAbstract, count);
}
