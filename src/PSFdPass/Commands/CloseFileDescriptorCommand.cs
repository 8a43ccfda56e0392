using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Completion;

namespace PSFdPass.Commands;

/// <summary>Closes descriptors.</summary>
[Cmdlet(VerbsCommon.Close, "FileDescriptor", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class CloseFileDescriptorCommand : FdPassCommand
{
    /// <summary>The descriptors to close: a FileDescriptor, a number, a DescriptorInfo of this process, or any other object that holds a descriptor.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Fd")]
    [ArgumentCompleter(typeof(ClosableNumberCompleter))]
    [ValidateNotNull]
    public object[] InputObject { get; set; } = null!;

    /// <summary>Close standard streams, and descriptors that may be the runtime's own.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (object item in InputObject)
        {
            if (Unwrap(item) is ReceivedMessage message)
            {
                if (ShouldProcess(SR.Format(SR.MessageOf, message), SR.CloseAction))
                {
                    message.Dispose();
                }
            }
            else if (TryRun(() => DescriptorClosing.Of(ToHolder(item), Force), item) is { } closing &&
                ShouldProcess(closing.ToString(), SR.CloseAction))
            {
                TryRun(closing.Close, item);
            }
        }
    }
}
