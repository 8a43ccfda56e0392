using System.Management.Automation;
using PSFdPass.Binding;

namespace PSFdPass.Commands;

/// <summary>Creates a file that exists in memory only.</summary>
[Cmdlet(VerbsCommon.New, "MemoryFile")]
[OutputType(typeof(FileDescriptor))]
public sealed class NewMemoryFileCommand : FdPassCommand
{
    /// <summary>Its name, for display. Several files may have the same name.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNull]
    public string Name { get; set; } = "PSFdPass";

    /// <summary>Its content: a text, as UTF-8, or bytes. Each object from the pipeline makes a file of its own.</summary>
    [Parameter(Position = 1, ValueFromPipeline = true)]
    [ValidateNotNull]
    [AllowEmptyCollection]
    [MessageTransformation]
    public byte[] Content { get; set; } = [];

    /// <summary>The operations that nobody may perform on it from then on.</summary>
    [Parameter]
    public MemoryFileSeals Seal { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (TryRun(() => FileDescriptor.CreateMemoryFile(Name, Content, Seal), Name) is { } file)
        {
            WriteVerbose(() => SR.Format(SR.CreatedMemoryFile, file, Quantity.OfBytes(Content.Length)));
            WriteObject(file);
        }
    }
}
