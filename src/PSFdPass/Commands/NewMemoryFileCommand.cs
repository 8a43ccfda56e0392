using System.Management.Automation;
using PSFdPass.Binding;

namespace PSFdPass.Commands;

/// <summary>Creates a file that exists in memory only.</summary>
[Cmdlet(VerbsCommon.New, "MemoryFile")]
[OutputType(typeof(FileDescriptor))]
public sealed class NewMemoryFileCommand : FdPassCommand
{
    /// <summary>The name of the file, for display. Several files may have the same name.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNull]
    public string Name { get; set; } = "PSFdPass";

    /// <summary>
    /// The content of the file: text, which is encoded as UTF-8, or bytes. Each object from the pipeline creates a separate file.
    /// </summary>
    [Parameter(Position = 1, ValueFromPipeline = true)]
    [ValidateNotNull]
    [AllowEmptyCollection]
    [MessageTransformation]
    public byte[] Content { get; set; } = [];

    /// <summary>The operations that are prohibited once the file has been created.</summary>
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
