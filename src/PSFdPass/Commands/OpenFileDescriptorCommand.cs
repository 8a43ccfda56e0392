using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Completion;

namespace PSFdPass.Commands;

/// <summary>Opens files, directories, FIFOs and devices as descriptors, and adopts inherited ones.</summary>
[Cmdlet(VerbsCommon.Open, "FileDescriptor", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
[OutputType(typeof(FileDescriptor))]
public sealed class OpenFileDescriptorCommand : FdPassCommand
{
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";
    private const string FdSet = "Fd";
    private const string InputObjectSet = "InputObject";

    /// <summary>The paths to open; wildcards open every file that matches.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = PathSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>The paths to open, in which no character is a wildcard.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralPathSet)]
    [Alias("PSPath", "FullName", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>The numbers of inherited descriptors to adopt.</summary>
    [Parameter(Mandatory = true, ParameterSetName = FdSet)]
    [ArgumentCompleter(typeof(DescriptorNumberCompleter))]
    [ValidateRange(0, int.MaxValue)]
    public int[] Fd { get; set; } = [];

    /// <summary>The description of an inherited descriptor to adopt.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    public DescriptorInfo? InputObject { get; set; }

    /// <summary>The access of the descriptor: by default, Read; with -Create, -CreateNew, -Truncate or -Append, Write.</summary>
    [Parameter(Position = 1, ParameterSetName = PathSet)]
    [Parameter(Position = 1, ParameterSetName = LiteralPathSet)]
    public FileAccess? Access { get; set; }

    /// <summary>Create the file if it does not exist.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    public SwitchParameter Create { get; set; }

    /// <summary>Create the file, and fail if it exists.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    public SwitchParameter CreateNew { get; set; }

    /// <summary>The permissions of a file that is created. The umask removes some of them.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    [FileModeTransformation]
    [ArgumentCompleter(typeof(FileModeCompleter))]
    public string Mode { get; set; } = "0666";

    /// <summary>Empty the file when it is opened.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    public SwitchParameter Truncate { get; set; }

    /// <summary>Append every write to the end of the file.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    public SwitchParameter Append { get; set; }

    /// <summary>Refuse a path whose last part is a symbolic link.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    public SwitchParameter NoFollow { get; set; }

    /// <summary>A directory that paths start from and can't leave: a path, or an object that holds its descriptor.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    [ValidateNotNullOrEmpty]
    public object? Beneath { get; set; }

    /// <summary>The time limit for the other end of a FIFO to be opened.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject is not null)
        {
            Adopt(() => DescriptorAdoption.Adopt(InputObject), InputObject);
            return;
        }

        foreach (int fd in Fd)
        {
            Adopt(() => DescriptorAdoption.Adopt(fd), fd);
        }

        foreach (string given in ParameterSetName == PathSet ? Path : LiteralPath)
        {
            foreach (string path in TryRun(() => Resolve(given), given) ?? [])
            {
                Open(path, given);
            }
        }
    }

    private void Adopt(Func<FileDescriptor> adopt, object target)
    {
        if (TryRun(adopt, target) is { } adopted)
        {
            WriteVerbose(() => SR.Format(SR.Adopted, adopted));
            WriteObject(adopted);
        }
    }

    private void Open(string path, string given)
    {
        if ((Create || CreateNew || Truncate) && !ShouldProcess(path, Truncate ? SR.TruncateAction : CreateNew ? SR.CreateAction : SR.CreateIfMissingAction))
        {
            return;
        }

        if (TryRun(() => FileDescriptor.Open(path, GetOptions(), ToTimeout(TimeoutSeconds), Stopped), given) is { } file)
        {
            WriteVerbose(() => SR.Format(SR.Opened, file));
            WriteObject(file);
        }
    }

    // With -Beneath, wildcards and ".." are not expanded, and paths are not relative to the shell's location.
    private IReadOnlyList<string> Resolve(string given) =>
        Beneath is not null ? [ParameterSetName == PathSet ? given : ResolvePathOfProvider(given)]
        : ParameterSetName == PathSet ? ShellPaths.Expand(SessionState, given)
        : [ResolvePath(given)];

    // A PSPath from the pipeline begins with the provider's name.
    private string ResolvePathOfProvider(string given) =>
        SessionState.Path.IsProviderQualified(given) ? ResolvePath(given) : given;

    private FileOpenOptions GetOptions() => new()
    {
        Access = Access ?? (Create || CreateNew || Truncate || Append ? FileAccess.Write : FileAccess.Read),
        Create = Create,
        CreateNew = CreateNew,
        Truncate = Truncate,
        Append = Append,
        NoFollow = NoFollow,
        Mode = (UnixFileMode)Convert.ToInt32(Mode, 8),
        Beneath = Beneath is null ? null : GetRoot(Beneath),
    };

    // -Beneath works only on Linux, where each descriptor has a path in /proc.
    private string GetRoot(object beneath) => Unwrap(beneath) switch
    {
        string path => ResolvePath(path),
        FileSystemInfo info => info.FullName,
        PathInfo info => info.ProviderPath,
        _ => DescriptorSource.Find(beneath) is { } source
            ? $"/proc/self/fd/{(int)source.Handle.DangerousGetHandle()}"
            : throw new ArgumentException(SR.Format(SR.BeneathInvalid, Unwrap(beneath).GetType())),
    };
}
