using System.Management.Automation;
using System.Net.Sockets;
using PSFdPass.Binding;

namespace PSFdPass.Commands;

/// <summary>Creates two connected Unix-domain sockets: <c>$left, $right = New-UnixSocketPair</c>.</summary>
[Cmdlet(VerbsCommon.New, "UnixSocketPair")]
[OutputType(typeof(Socket))]
public sealed class NewUnixSocketPairCommand : SocketMakingCommand
{
    /// <summary>Stream for bytes; SeqPacket and Datagram keep the boundaries of messages.</summary>
    [Parameter(Position = 0)]
    public UnixSocketKind SocketType { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Run(
        () =>
        {
            (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.ToSocketType());
            WriteVerbose(() => SR.Format(SR.CreatedPair, SocketSummary.NumberOf(left), SocketSummary.NumberOf(right), SocketType));
            WriteSockets(left, right);
        },
        SocketType);
}
