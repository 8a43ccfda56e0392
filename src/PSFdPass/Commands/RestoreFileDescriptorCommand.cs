using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Interop;

namespace PSFdPass.Commands;

/// <summary>Returns a descriptor that an s6-fdholderd keeps.</summary>
[Cmdlet(
    VerbsData.Restore, "FileDescriptor", DefaultParameterSetName = HolderSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(FileDescriptor))]
public sealed class RestoreFileDescriptorCommand : HolderCommand
{
    /// <summary>The names under which the descriptors were saved.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(SavedNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Remove the descriptor from the holder in the same step.</summary>
    [Parameter]
    public SwitchParameter Remove { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string name in Name)
        {
            if (Remove && !ShouldProcess(Holder, SR.Format(SR.RemoveAction, ShownText.Of(name))))
            {
                continue;
            }

            if (TryRun(() => GetHolder().Retrieve(name, Remove, Limit, Stopped), name) is { } descriptor)
            {
                WriteVerbose(() => SR.Format(SR.Restored, ShownText.Of(name), Holder, descriptor));
                WriteObject(NamedOutput.Of(name, descriptor));
            }
        }
    }
}
