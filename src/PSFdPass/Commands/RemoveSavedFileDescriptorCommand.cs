using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Interop;

namespace PSFdPass.Commands;

/// <summary>Removes saved descriptors from the service manager's store or from an s6-fdholderd.</summary>
[Cmdlet(
    VerbsCommon.Remove, "SavedFileDescriptor", DefaultParameterSetName = ManagerSet, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(void))]
public sealed class RemoveSavedFileDescriptorCommand : HolderCommand
{
    private const string ManagerSet = "ServiceManager";

    /// <summary>The names under which the descriptors were saved.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(SavedNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string name in Name)
        {
            bool isManager = ParameterSetName == ManagerSet;
            if (ShouldProcess(isManager ? SR.ServiceManager : Holder, SR.Format(SR.RemoveAction, ShownText.Of(name))))
            {
                TryRun(
                    () =>
                    {
                        if (isManager)
                        {
                            ServiceDescriptorStore.Remove(name, Limit, Stopped);
                        }
                        else
                        {
                            GetHolder().Delete(name, Limit, Stopped);
                        }
                    },
                    name);
            }
        }
    }
}
