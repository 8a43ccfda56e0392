using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Completion;

namespace PSFdPass.Commands;

/// <summary>Creates a set of descriptors to wait for.</summary>
[Cmdlet(VerbsCommon.New, "FileDescriptorSet")]
[OutputType(typeof(FileDescriptorSet))]
public sealed class NewFileDescriptorSetCommand : FdPassCommand
{
    private FileDescriptorSet _set = null!;

    /// <summary>The initial members. They are ready when they can be read.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(DescriptorNumberCompleter))]
    public object[]? InputObject { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => Run(() => _set = new FileDescriptorSet(), null);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (object item in InputObject ?? [])
        {
            TryRun(() => _set.Add(ToHolder(item)), item);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        WriteVerbose(() => SR.Format(SR.CreatedSet, Quantity.OfDescriptors(_set.Count)));
        WriteObject(_set);
    }
}
