using System.Management.Automation;
using System.Runtime.InteropServices;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Handles;
using PSFdPass.Waiting;

namespace PSFdPass.Commands;

/// <summary>Waits until descriptors are ready.</summary>
[Cmdlet(VerbsLifecycle.Wait, "FileDescriptor", DefaultParameterSetName = ObjectSet)]
[OutputType(typeof(object))]
public sealed class WaitFileDescriptorCommand : FdPassCommand
{
    private const string ObjectSet = "Object";
    private const string MemberSet = "Set";
    private const int MostAtOnce = 1024;

    // How long a set that is idle goes unchecked for members that were closed.
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(1);

    private readonly ReadinessWait _wait = new();

    /// <summary>What to wait for: objects that hold descriptors.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = ObjectSet)]
    [ValidateNotNull]
    [Alias("Fd")]
    [ArgumentCompleter(typeof(DescriptorNumberCompleter))]
    public object[] InputObject { get; set; } = null!;

    /// <summary>The set whose members to wait for.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = MemberSet)]
    [ValidateNotNull]
    public FileDescriptorSet Set { get; set; } = null!;

    /// <summary>Wait until they can be read, which is the default.</summary>
    [Parameter(ParameterSetName = ObjectSet)]
    public SwitchParameter Readable { get; set; }

    /// <summary>Wait until they can be written.</summary>
    [Parameter(ParameterSetName = ObjectSet)]
    public SwitchParameter Writable { get; set; }

    /// <summary>Wait until each of them has been ready.</summary>
    [Parameter(ParameterSetName = ObjectSet)]
    public SwitchParameter All { get; set; }

    /// <summary>Continue until the set has no members.</summary>
    [Parameter(ParameterSetName = MemberSet)]
    public SwitchParameter Follow { get; set; }

    /// <summary>The time limit. Nothing is returned when it is over; with -All, those that have been ready.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == MemberSet)
        {
            WaitForMembers();
            return;
        }

        foreach (object item in InputObject)
        {
            TryRun(() => _wait.Add(item, DescriptorOf(item)), item);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ParameterSetName == MemberSet || _wait.IsEmpty)
        {
            return;
        }

        DescriptorEvents events =
            (Readable || !Writable ? DescriptorEvents.Readable : DescriptorEvents.None) |
            (Writable ? DescriptorEvents.Writable : DescriptorEvents.None);
        Run(() => _wait.Run(events, All, Deadline.After(ToTimeout(TimeoutSeconds)), Stopped), null);
        foreach (object closed in _wait.Closed)
        {
            WriteError(new ObjectDisposedException(null, "The descriptor was closed during the wait."), closed);
        }

        WriteObject(_wait.Ready, enumerateCollection: true);
    }

    private void WaitForMembers()
    {
        Deadline deadline = Deadline.After(ToTimeout(TimeoutSeconds));
        do
        {
            List<object> ready = [];
            Run(() => ready = Set.Wait(Follow ? 1 : MostAtOnce, Slice(deadline), Stopped), Set);
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
        while (Set.Count > 0 && !deadline.HasPassed);
    }

    private static TimeSpan Slice(Deadline deadline) => TimeSpan.FromMilliseconds(deadline.AtMost((int)s_idle.TotalMilliseconds));
}
