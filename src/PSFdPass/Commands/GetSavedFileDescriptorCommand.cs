using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Completion;

namespace PSFdPass.Commands;

/// <summary>Lists the descriptors that an s6-fdholderd keeps.</summary>
[Cmdlet(VerbsCommon.Get, "SavedFileDescriptor", DefaultParameterSetName = HolderSet)]
[OutputType(typeof(SavedFileDescriptor))]
public sealed class GetSavedFileDescriptorCommand : HolderCommand
{
    /// <summary>The names to list, which can contain wildcards; by default, all.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(SavedNameCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        WildcardPattern[] patterns = [.. Name.Select(name => WildcardPattern.Get(name, WildcardOptions.None))];
        IEnumerable<string>? names = TryRun(() => GetHolder().List(Limit, Stopped), Holder);
        foreach (string name in names?.Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>())
        {
            if (patterns.Any(pattern => pattern.IsMatch(name)))
            {
                WriteObject(new SavedFileDescriptor(name, ResolvePath(Holder)));
            }
        }
    }
}
