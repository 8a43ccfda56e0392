using System.Management.Automation;
using PSFdPass.Binding;

namespace PSFdPass.Commands;

/// <summary>Duplicates a descriptor of this process, or takes a duplicate out of another one.</summary>
[Cmdlet(VerbsCommon.Copy, "FileDescriptor")]
[OutputType(typeof(FileDescriptor))]
public sealed class CopyFileDescriptorCommand : FdPassCommand
{
    /// <summary>The descriptor's number. What holds a descriptor will do as well.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [DescriptorNumberTransformation]
    [ArgumentCompleter(typeof(DescriptorNumberCompleter))]
    [ValidateRange(0, int.MaxValue)]
    public int Fd { get; set; }

    /// <summary>The process whose descriptor it is; this one, unless told.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Id")]
    [ArgumentCompleter(typeof(ProcessIdCompleter))]
    [ValidateRange(1, int.MaxValue)]
    public int ProcessId { get; set; } = Environment.ProcessId;

    /// <summary>The number that the copy is to have in this process.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? TargetFd { get; set; }

    /// <summary>Replace what has that number now.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (OrWriteError(Copy, Fd) is { } copy)
        {
            WriteObject(copy);
        }
    }

    private FileDescriptor Copy()
    {
        if (TargetFd is not { } target)
        {
            return DescriptorCopy.From(ProcessId, Fd);
        }

        if (ProcessId == Environment.ProcessId)
        {
            return DescriptorCopy.To(Fd, target, Force);
        }

        using FileDescriptor taken = DescriptorCopy.From(ProcessId, Fd);
        return DescriptorCopy.To(taken.Fd, target, Force);
    }
}
