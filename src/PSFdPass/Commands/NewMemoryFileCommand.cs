using System.Management.Automation;
using PSFdPass.Binding;

namespace PSFdPass.Commands;

/// <summary>Makes a file that lives in memory only.</summary>
[Cmdlet(VerbsCommon.New, "MemoryFile")]
[OutputType(typeof(FileDescriptor))]
public sealed class NewMemoryFileCommand : FdPassCommand
{
    /// <summary>What it is called; the name is for people, and several may have the same.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNull]
    public string Name { get; set; } = "PSFdPass";

    /// <summary>What it holds: a text, as UTF-8, or bytes.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNull]
    [MessageTransformation]
    public byte[] Content { get; set; } = [];

    /// <summary>What nobody may do to it any more.</summary>
    [Parameter]
    public MemoryFileSeals Seal { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (TryRun(() => MemoryFile.Create(Name, Content, Seal), Name) is { } file)
        {
            WriteObject(file);
        }
    }
}
