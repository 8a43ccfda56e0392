using System.Management.Automation;
using System.Runtime.InteropServices;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Waiting;

namespace PSFdPass.Commands;

/// <summary>Waits until descriptors can be read or written.</summary>
[Cmdlet(VerbsLifecycle.Wait, "FileDescriptor")]
[OutputType(typeof(object))]
public sealed class WaitFileDescriptorCommand : FdPassCommand
{
    private const int MostAtOnce = 1024;

    // The interval at which an idle set is checked for closed members.
    private const int IdleMilliseconds = 1000;

    private readonly ReadinessWait _wait = new();
    private FileDescriptorSet? _set;

    /// <summary>The objects to wait for: objects that hold descriptors, or one set of them.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    [Alias("Fd")]
    [ArgumentCompleter(typeof(DescriptorNumberCompleter))]
    public object[] InputObject { get; set; } = null!;

    /// <summary>Wait until an object can be read. This is the default.</summary>
    [Parameter]
    public SwitchParameter Readable { get; set; }

    /// <summary>Wait until an object can be written.</summary>
    [Parameter]
    public SwitchParameter Writable { get; set; }

    /// <summary>Wait until every object has been ready at least once.</summary>
    [Parameter]
    public SwitchParameter All { get; set; }

    /// <summary>Continue until the set has no members, and return each member when it is ready.</summary>
    [Parameter]
    public SwitchParameter Follow { get; set; }

    /// <summary>The time limit. When it is over, nothing is returned; with -All, the objects that have been ready are returned.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (object item in InputObject)
        {
            if (Unwrap(item) is FileDescriptorSet set)
            {
                Run(() => Use(set), item);
            }
            else
            {
                TryRun(() => _wait.Add(item, DescriptorOf(item)), item);
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_set is not null)
        {
            Run(CheckSetAlone, _set);
            WriteVerbose(() => SR.Format(SR.WaitingForSet, Quantity.OfDescriptors(_set.Count)));
            WaitForMembers(_set);
            return;
        }

        if (Follow)
        {
            ThrowTerminating(new ArgumentException(SR.FollowWithoutSet), null);
        }

        if (_wait.Count > 0)
        {
            WriteVerbose(() => SR.Format(SR.Waiting, Quantity.OfDescriptors(_wait.Count)));
            WaitForObjects();
        }
    }

    private void Use(FileDescriptorSet set) => _set = _set is null
        ? set
        : throw new ArgumentException(SR.SecondSet);

    private void CheckSetAlone()
    {
        if (_wait.Count > 0)
        {
            throw new ArgumentException(SR.SetNotAlone);
        }

        if (Readable || Writable || All)
        {
            throw new ArgumentException(SR.SetEventsFixed);
        }
    }

    private void WaitForObjects()
    {
        DescriptorEvents events =
            (Readable || !Writable ? DescriptorEvents.Readable : DescriptorEvents.None) |
            (Writable ? DescriptorEvents.Writable : DescriptorEvents.None);
        Run(() => _wait.Run(events, All, Deadline.After(ToTimeout(TimeoutSeconds)), Stopped), null);
        foreach (object closed in _wait.Closed)
        {
            WriteError(new ObjectDisposedException(null, SR.ClosedDuringWait), closed);
        }

        WriteObject(_wait.Ready, enumerateCollection: true);
    }

    private void WaitForMembers(FileDescriptorSet set)
    {
        Deadline deadline = Deadline.After(ToTimeout(TimeoutSeconds));
        do
        {
            List<object> ready = [];
            int closed = 0;
            Run(
                () => ready = set.Wait(
                    Follow ? 1 : MostAtOnce, TimeSpan.FromMilliseconds(set.Count == 0 ? 0 : deadline.AtMost(IdleMilliseconds)), out closed, Stopped),
                set);
            if (closed > 0)
            {
                WriteVerbose(() => SR.Format(SR.RemovedMembers, Quantity.OfMembers(closed)));
            }

            if (ready.Count > 0)
            {
                WriteObject(ready, enumerateCollection: true);
                deadline = Deadline.After(ToTimeout(TimeoutSeconds));
                if (!Follow)
                {
                    return;
                }
            }
        }
        while (set.Count > 0 && !deadline.HasPassed);
    }
}
