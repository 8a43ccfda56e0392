using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Errors;

namespace PSFdPass.Commands;

/// <summary>Changes the flags of descriptors.</summary>
[Cmdlet(VerbsCommon.Set, "FileDescriptor", SupportsShouldProcess = true)]
[OutputType(typeof(object))]
public sealed class SetFileDescriptorCommand : FdPassCommand
{
    /// <summary>The descriptors to change: numbers, or any objects that hold descriptors.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Fd")]
    [ArgumentCompleter(typeof(DescriptorNumberCompleter))]
    [ValidateNotNull]
    public object[] InputObject { get; set; } = null!;

    /// <summary>Close the descriptor in programs that are started; <c>-CloseOnExec:$false</c> lets them inherit it.</summary>
    [Parameter]
    public SwitchParameter CloseOnExec { get; set; }

    /// <summary>Make reads and writes fail instead of waiting, for every process that has the open file description.</summary>
    [Parameter]
    public SwitchParameter NonBlocking { get; set; }

    /// <summary>Return each input object.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (!IsBound(nameof(CloseOnExec)) && !IsBound(nameof(NonBlocking)))
        {
            ThrowTerminating(new ArgumentException(SR.SetNothing), null);
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (object item in InputObject)
        {
            if (TryRun(() => Find(item), item) is { } source &&
                ShouldProcess(SR.Format(SR.SubjectDescriptor, source.Describe()), SR.Format(SR.SetAction, DescribeFlags())) &&
                TryRun(() => Set(source), item) && PassThru)
            {
                WriteObject(item);
            }
        }
    }

    private static DescriptorSource Find(object item) => DescriptorSource.Find(ToHolder(item)) ?? throw new ArgumentException(
        SR.Format(SR.HoldsNoDescriptor, Unwrap(item).GetType()));

    private void Set(DescriptorSource source)
    {
        FileDescriptor descriptor = source.Owner ?? new FileDescriptor((int)source.Handle.DangerousGetHandle(), ownsHandle: false);
        if (IsBound(nameof(CloseOnExec)))
        {
            DescriptorAdoption.SetCloseOnExec(descriptor, CloseOnExec);
        }

        if (IsBound(nameof(NonBlocking)))
        {
            descriptor.SetNonBlocking(NonBlocking);
        }

        GC.KeepAlive(source);
    }

    private string DescribeFlags() => string.Join(", ", new[] { Describe(nameof(CloseOnExec), CloseOnExec), Describe(nameof(NonBlocking), NonBlocking) }.OfType<string>());

    private string? Describe(string name, bool value) => IsBound(name) ? SR.Format(value ? SR.FlagOn : SR.FlagOff, name) : null;

    private bool IsBound(string name) => MyInvocation.BoundParameters.ContainsKey(name);
}
