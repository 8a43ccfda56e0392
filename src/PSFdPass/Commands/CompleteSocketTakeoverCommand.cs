using System.Management.Automation;

namespace PSFdPass.Commands;

/// <summary>In a successor, reports that it is ready, and returns when it has taken over.</summary>
[Cmdlet(VerbsLifecycle.Complete, "SocketTakeover", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
public sealed class CompleteSocketTakeoverCommand : FdPassCommand
{
    /// <summary>The takeover that Start-SocketTakeover returned.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    public SocketTakeover InputObject { get; set; } = null!;

    /// <summary>How long to wait for the running server's confirmation.</summary>
    [Parameter]
    [ValidateRange(0.0, int.MaxValue / 1000)]
    public double TimeoutSeconds { get; set; } = 60;

    /// <inheritdoc/>
    protected override void ProcessRecord() => OrStop(
        () =>
        {
            if (ShouldProcess($"the server of process {InputObject.ProcessId} at {InputObject.Address}", "Take over"))
            {
                InputObject.Complete(ToTimeout(TimeoutSeconds), Stopped);
            }
        },
        InputObject);
}
