using System.Management.Automation;
using System.Net.Sockets;
using PSFdPass.Binding;

namespace PSFdPass.Commands;

/// <summary>Connects to a Unix-domain socket by its path or its abstract name.</summary>
[Cmdlet(VerbsCommunications.Connect, "UnixSocket", DefaultParameterSetName = PathSet)]
[OutputType(typeof(Socket))]
public sealed class ConnectUnixSocketCommand : AddressedSocketCommand
{
    /// <summary>How long to wait until the other side makes room for the connection, and with -Wait until it is there.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    /// <summary>Wait until the socket is there and answers.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Run(
        () => WriteSockets(UnixSocket.Connect(
            GetAddress(), SocketType.ToSocketType(), ToTimeout(TimeoutSeconds), Wait, cancellationToken: Stopped)),
        AddressText);

    /// <inheritdoc/>
    protected override string? AdviceOn(Exception exception) =>
        exception is SystemCallException { Call: "connect", ErrnoName: "ENOENT" or "ECONNREFUSED" } ? "-Wait waits for it." : null;
}
