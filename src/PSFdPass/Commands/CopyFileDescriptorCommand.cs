using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Completion;

namespace PSFdPass.Commands;

/// <summary>Duplicates a descriptor of this process, or one of another process into this one.</summary>
[Cmdlet(VerbsCommon.Copy, "FileDescriptor", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(FileDescriptor))]
public sealed class CopyFileDescriptorCommand : FdPassCommand
{
    /// <summary>The descriptor's number, or an object that holds a descriptor.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [DescriptorNumberTransformation]
    [ArgumentCompleter(typeof(DescriptorNumberCompleter))]
    [ValidateNotNull]
    public DescriptorNumber Fd { get; set; } = null!;

    /// <summary>The process that the descriptor belongs to; by default, this one.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Id")]
    [ArgumentCompleter(typeof(ProcessIdCompleter))]
    [ValidateRange(1, int.MaxValue)]
    public int ProcessId { get; set; } = Environment.ProcessId;

    /// <summary>The number of the copy in this process.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? TargetFd { get; set; }

    /// <summary>Replace the descriptor that has this number.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Let programs that this process starts inherit the copy.</summary>
    [Parameter]
    public SwitchParameter Inheritable { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // Confirmation is needed only to replace an open descriptor. Otherwise, nothing that already exists is changed.
        if (TargetFd is { } target && Force && !ShouldProcess(SR.Format(SR.SubjectDescriptor, target), SR.Format(SR.ReplaceAction, Fd)))
        {
            return;
        }

        if (TryRun(Copy, Fd.Fd) is { } copy)
        {
            WriteVerbose(() => ProcessId == Environment.ProcessId
                ? SR.Format(SR.CopiedDescriptor, Fd, copy)
                : SR.Format(SR.CopiedDescriptorOfProcess, Fd, ProcessId, copy));
            WriteObject(copy);
        }
    }

    /// <inheritdoc/>
    protected override string? AdviceOn(Exception exception) =>
        exception is DescriptorInUseException ? SR.ForceReplaces : null;

    private FileDescriptor Copy()
    {
        if (Fd.Fd < 0)
        {
            throw new ArgumentOutOfRangeException(null, SR.Format(SR.NumberNegative, Fd));
        }

        FileDescriptor copy = ProcessId == Environment.ProcessId ? CopyOwn(Fd.Fd) : CopyFromProcess();
        Fd.KeepAlive();
        if (Inheritable)
        {
            DescriptorAdoption.SetCloseOnExec(copy, false);
        }

        return copy;
    }

    private FileDescriptor CopyOwn(int fd) =>
        TargetFd is { } target ? CopyTo(fd, target) : FileDescriptor.Duplicate(fd);

    private FileDescriptor CopyTo(int fd, int target)
    {
        try
        {
            return FileDescriptor.DuplicateTo(fd, target, Force);
        }
        catch (InvalidOperationException exception) when (exception is not ObjectDisposedException)
        {
            throw new DescriptorInUseException(target, exception.Message, exception);
        }
    }

    private FileDescriptor CopyFromProcess()
    {
        FileDescriptor copy = FileDescriptor.DuplicateFromProcess(ProcessId, Fd.Fd);
        if (TargetFd is null)
        {
            return copy;
        }

        using (copy)
        {
            return CopyOwn(copy.Fd);
        }
    }
}
