using System.Management.Automation;
using PSFdPass.Binding;

namespace PSFdPass.Commands;

/// <summary>Closes descriptors.</summary>
[Cmdlet(VerbsCommon.Close, "FileDescriptor", SupportsShouldProcess = true)]
public sealed class CloseFileDescriptorCommand : FdPassCommand
{
    /// <summary>What to close: a FileDescriptor, a number, a DescriptorInfo of this process, or whatever else holds a descriptor.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Fd")]
    [ArgumentCompleter(typeof(ClosableNumberCompleter))]
    [ValidateNotNull]
    public object[] InputObject { get; set; } = null!;

    /// <summary>Close standard streams, and what may be the runtime's own.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (object item in InputObject)
        {
            if (OrWriteError(() => DescriptorClosing.Of(ToHolder(item), Force), item) is { } closing &&
                ShouldProcess(closing.ToString(), "Close"))
            {
                _ = OrWriteError(closing.Close, item);
            }
        }
    }
}
