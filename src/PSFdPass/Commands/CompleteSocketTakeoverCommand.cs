using System.Management.Automation;
using PSFdPass.Binding;

namespace PSFdPass.Commands;

/// <summary>Reports that this process, the successor, is ready, and returns when it has taken over.</summary>
[Cmdlet(VerbsLifecycle.Complete, "SocketTakeover", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(void))]
public sealed class CompleteSocketTakeoverCommand : FdPassCommand
{
    /// <summary>The takeover that Start-SocketTakeover returned.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    public SocketTakeover InputObject { get; set; } = null!;

    /// <summary>The time limit for the running server's confirmation.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; } = 60;

    /// <inheritdoc/>
    protected override void ProcessRecord() => Run(
        () =>
        {
            if (ShouldProcess(SR.Format(SR.ServerAt, InputObject.ProcessId, InputObject.Address), SR.TakeOverAction))
            {
                InputObject.Complete(ToTimeout(TimeoutSeconds), Stopped);
            }
        },
        InputObject);
}
