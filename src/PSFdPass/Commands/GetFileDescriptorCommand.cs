using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Completion;

namespace PSFdPass.Commands;

/// <summary>Shows what the descriptors of this process, or of another one, refer to.</summary>
[Cmdlet(VerbsCommon.Get, "FileDescriptor", DefaultParameterSetName = "Path")]
[OutputType(typeof(DescriptorInfo))]
public sealed class GetFileDescriptorCommand : FdPassCommand
{
    // The view of the descriptors of another process shows the process ID.
    private const string OfOtherProcess = "PSFdPass.DescriptorInfo#OtherProcess";
    private const string ListeningSocket = "PSFdPass.DescriptorInfo#Listening";

    private readonly DescriptorInspector _inspector = new();
    private PathFilter? _paths;
    private bool _found;

    /// <summary>The descriptors' numbers, or objects that hold descriptors; by default, all that are open.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [DescriptorNumberTransformation]
    [ArgumentCompleter(typeof(DescriptorNumberCompleter))]
    [ValidateNotNull]
    public DescriptorNumber[]? Fd { get; set; }

    /// <summary>The process that the descriptors belong to; by default, this one.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Id")]
    [ArgumentCompleter(typeof(ProcessIdCompleter))]
    [ValidateRange(1, int.MaxValue)]
    public int ProcessId { get; set; } = Environment.ProcessId;

    /// <summary>Show only descriptors of these kinds.</summary>
    [Parameter]
    [ValidateNotNull]
    public DescriptorKind[] Kind { get; set; } = [];

    /// <summary>Show only descriptors with one of these paths, which can contain wildcards.</summary>
    [Parameter(ParameterSetName = "Path")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    /// <summary>Show only descriptors with one of these paths, in which no character is a wildcard.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath")]
    [Alias("LP")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    /// <summary>
    /// Show only listening sockets, with the processes that have them; by default, the sockets of all processes that this user may inspect.
    /// </summary>
    [Parameter]
    public SwitchParameter Listening { get; set; }

    /// <summary>Also show the descriptors that the runtime uses for itself. By default, they are hidden.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() =>
        Run(() => _paths = GetFilter(), Path ?? LiteralPath);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Fd is not null)
        {
            foreach (DescriptorNumber fd in Fd)
            {
                Write(TryRun<DescriptorInfo[]>(() => [_inspector.Describe(ProcessId, fd.Fd)], fd.Fd));
                fd.KeepAlive();
            }
        }
        else if (Listening && !MyInvocation.BoundParameters.ContainsKey(nameof(ProcessId)))
        {
            foreach (ProcessSummary process in ProcessSummary.All())
            {
                Write(FindSockets(process.ProcessId));
            }
        }
        else
        {
            Write(TryRun<DescriptorInfo[]>(() => [.. _inspector.List(ProcessId, Kind).Where(info => Force || !info.IsRuntimeOwned)], ProcessId));
        }
    }

    // A process that has ended, or that this user may not inspect, has nothing to show.
    private DescriptorInfo[]? FindSockets(int process)
    {
        try
        {
            return [.. _inspector.List(process, DescriptorKind.Socket).Where(info => Force || !info.IsRuntimeOwned)];
        }
        catch (SystemCallException)
        {
            return null;
        }
    }

    /// <summary>Reports an error if no descriptor has any of the requested paths.</summary>
    protected override void EndProcessing()
    {
        if (_paths is not null && !_found)
        {
            WriteError(
                new ItemNotFoundException(SR.Format(SR.NoPathMatches, string.Join("', '", Path ?? LiteralPath ?? []))),
                Path ?? LiteralPath);
        }
    }

    private PathFilter? GetFilter() =>
        Path is not null ? PathFilter.FromPatterns(Path, ResolvePath)
        : LiteralPath is not null ? PathFilter.FromLiterals(LiteralPath, ResolvePath)
        : null;

    private void Write(DescriptorInfo[]? infos)
    {
        foreach (DescriptorInfo info in infos ?? [])
        {
            if ((Kind.Length > 0 && !Kind.Contains(info.Kind)) || (Listening && info.State != SocketState.Listening) || _paths?.Matches(info) == false)
            {
                continue;
            }

            _found = true;
            var result = PSObject.AsPSObject(info);
            if (Listening)
            {
                result.TypeNames.Insert(0, ListeningSocket);
            }
            else if (info.ProcessId != Environment.ProcessId)
            {
                result.TypeNames.Insert(0, OfOtherProcess);
            }

            WriteObject(result);
        }
    }
}
