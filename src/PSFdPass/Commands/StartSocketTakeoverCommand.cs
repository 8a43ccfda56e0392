using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Completion;

namespace PSFdPass.Commands;

/// <summary>In a successor, receives the listeners and connections of the running server, which continues to serve.</summary>
[Cmdlet(VerbsLifecycle.Start, "SocketTakeover", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(SocketTakeover))]
public sealed class StartSocketTakeoverCommand : FdPassCommand
{
    /// <summary>The path of the socket where the running server waits.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(SocketPathCompleter))]
    public string Path { get; set; } = "";

    /// <summary>The time limit for the running server's descriptors.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; } = 60;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ShouldProcess(Path, SR.StartTakeoverAction))
        {
            SocketTakeover? takeover = null;
            Run(
                () => takeover = SocketTakeover.Start(UnixSocketAddress.FromPath(ResolvePath(Path)), ToTimeout(TimeoutSeconds), Stopped),
                Path);
            WriteObject(takeover);
        }
    }
}
