using System.Management.Automation;
using System.Runtime.InteropServices;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Interop;

namespace PSFdPass.Commands;

/// <summary>Saves descriptors beyond the end of this process: in the service manager's store, or in an s6-fdholderd.</summary>
[Cmdlet(
    VerbsData.Save, "FileDescriptor", DefaultParameterSetName = ManagerSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(void))]
public sealed class SaveFileDescriptorCommand : HolderCommand
{
    private const string ManagerSet = "ServiceManager";

    /// <summary>The name under which the descriptor is saved.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(SavedNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>Any object that holds a descriptor.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [ValidateNotNull]
    public object InputObject { get; set; } = null!;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (ParameterSetName == ManagerSet && ServiceNotifier.IsManaged && ServiceDescriptorStore.Capacity is null or 0)
        {
            WriteWarning(SR.StoreMayDiscard);
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord() => TryRun(
        () =>
        {
            SafeHandle handle = NamedOutput.HandleOf(ToHolder(InputObject));
            if (ParameterSetName == ManagerSet)
            {
                if (ShouldProcess(SR.ServiceManager, SR.Format(SR.SaveAction, ShownText.Of(Name))))
                {
                    ServiceDescriptorStore.Save(Name, [handle], Limit, Stopped);
                }
            }
            else if (ShouldProcess(Holder, SR.Format(SR.SaveAction, ShownText.Of(Name))))
            {
                GetHolder().Store(Name, handle, Limit, Stopped);
            }
        },
        InputObject);
}
