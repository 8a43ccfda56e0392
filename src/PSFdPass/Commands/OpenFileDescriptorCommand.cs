using System.Management.Automation;
using PSFdPass.Binding;

namespace PSFdPass.Commands;

/// <summary>Opens files, directories, named pipes and devices as descriptors.</summary>
[Cmdlet(VerbsCommon.Open, "FileDescriptor", SupportsShouldProcess = true, DefaultParameterSetName = "Path")]
[OutputType(typeof(FileDescriptor))]
public sealed class OpenFileDescriptorCommand : FdPassCommand
{
    /// <summary>What to open; wildcards open every file that matches.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = "Path")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>What to open, with no character taken for a wildcard.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "LiteralPath")]
    [Alias("PSPath", "FullName", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>What the descriptor is for: Read, unless something is to be created, truncated or appended, which is to Write.</summary>
    [Parameter(Position = 1)]
    public FileAccess? Access { get; set; }

    /// <summary>Make the file if it is not there.</summary>
    [Parameter]
    public SwitchParameter Create { get; set; }

    /// <summary>Empty the file.</summary>
    [Parameter]
    public SwitchParameter Truncate { get; set; }

    /// <summary>Let every write go to the end of the file.</summary>
    [Parameter]
    public SwitchParameter Append { get; set; }

    /// <summary>Refuse a path whose last part is a symbolic link.</summary>
    [Parameter]
    public SwitchParameter NoFollow { get; set; }

    /// <summary>A folder that paths start from and can't leave.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Beneath { get; set; }

    /// <summary>How long to wait for the other end of a named pipe.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string given in ParameterSetName == "Path" ? Path : LiteralPath)
        {
            foreach (string path in TryRun(() => Resolve(given), given) ?? [])
            {
                Open(path, given);
            }
        }
    }

    private void Open(string path, string given)
    {
        if ((Create || Truncate) && !ShouldProcess(path, Truncate ? "Truncate" : "Create, if it is not there"))
        {
            return;
        }

        if (TryRun(() => FileOpener.Open(path, Options(), ToTimeout(TimeoutSeconds), Stopped), given) is { } file)
        {
            WriteObject(file);
        }
    }

    // Beneath a folder, the shell resolves nothing: no wildcard, no "..", no location.
    private IEnumerable<string> Resolve(string given)
    {
        if (Beneath is not null)
        {
            return [ParameterSetName == "Path" ? given : ResolvePathOfProvider(given)];
        }

        return ParameterSetName == "Path" && WildcardPattern.ContainsWildcardCharacters(given)
            ? ResolveWildcards(given)
            : [ResolvePath(given)];
    }

    // What comes down the pipeline as PSPath has the provider's name in front.
    private string ResolvePathOfProvider(string given) =>
        SessionState.Path.IsProviderQualified(given) ? ResolvePath(given) : given;

    private IEnumerable<string> ResolveWildcards(string given)
    {
        IEnumerable<string> paths = SessionState.Path.GetResolvedProviderPathFromPSPath(given, out ProviderInfo provider);
        return provider.Name == "FileSystem"
            ? paths
            : throw new ArgumentException($"{given} is not in the file system, but in {provider.Name}.");
    }

    private FileOpenOptions Options() => new()
    {
        Access = Access ?? (Create || Truncate || Append ? FileAccess.Write : FileAccess.Read),
        Create = Create,
        Truncate = Truncate,
        Append = Append,
        NoFollow = NoFollow,
        Beneath = Beneath is null ? null : ResolvePath(Beneath),
    };
}
