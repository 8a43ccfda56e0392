using System.Buffers;
using System.Collections;
using System.Management.Automation;
using System.Runtime.InteropServices;
using System.Text;
using PSFdPass.Binding;
using PSFdPass.Completion;

namespace PSFdPass.Commands;

/// <summary>Writes text, bytes or the content of another descriptor to anything that holds a descriptor.</summary>
[Cmdlet(
    VerbsCommunications.Write, "FileDescriptor", DefaultParameterSetName = DataSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(void))]
public sealed class WriteFileDescriptorCommand : FdPassCommand
{
    private const string DataSet = "Data";
    private const string CopySet = "Copy";
    private const int MostBytesKept = 64 << 10;

    private readonly ArrayBufferWriter<byte> _bytes = new();
    private SafeHandle _handle = null!;
    private bool _isConfirmed;

    /// <summary>The descriptor to write to: a FileDescriptor, a socket, a stream, a number, or any other object that holds a descriptor.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNull]
    [Alias("Fd")]
    [ArgumentCompleter(typeof(DescriptorNumberCompleter))]
    public object Descriptor { get; set; } = null!;

    /// <summary>The data to write: text, to which a line feed is added, or bytes. Other objects are converted to text.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ParameterSetName = DataSet)]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public object InputObject { get; set; } = null!;

    /// <summary>Don't add a line feed to text.</summary>
    [Parameter(ParameterSetName = DataSet)]
    public SwitchParameter NoNewline { get; set; }

    /// <summary>The encoding of the text.</summary>
    [Parameter(ParameterSetName = DataSet)]
    [EncodingTransformation]
    [ArgumentCompleter(typeof(EncodingCompleter))]
    [ValidateNotNull]
    public Encoding? Encoding { get; set; }

    /// <summary>Copy from this descriptor until its end, inside the kernel where possible.</summary>
    [Parameter(Mandatory = true, ParameterSetName = CopySet)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(DescriptorNumberCompleter))]
    public object From { get; set; } = null!;

    /// <summary>The maximum number of bytes to copy.</summary>
    [Parameter(ParameterSetName = CopySet)]
    [ValidateRange(0, long.MaxValue)]
    public long? Count { get; set; }

    /// <summary>The time limit for each object or, with -From, for the whole copy.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    private Encoding TextEncoding => Encoding ?? EncodingTransformationAttribute.Utf8;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        string description = "";
        Run(
            () =>
            {
                _handle = DescriptorOf(Descriptor);
                description = DescriptorSource.Find(_handle)!.Describe();
            },
            Descriptor);
        _isConfirmed = ShouldProcess(SR.Format(SR.SubjectDescriptor, description), ParameterSetName == CopySet ? SR.CopyAction : SR.WriteAction);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!_isConfirmed)
        {
            return;
        }

        if (ParameterSetName == CopySet)
        {
            Copy();
        }
        else
        {
            Add(InputObject);
        }
    }

    /// <summary>Writes the single bytes from the pipeline that are still buffered.</summary>
    protected override void EndProcessing() => WriteBytes();

    private void Add(object input)
    {
        switch (Unwrap(input))
        {
            case byte[] bytes:
                WriteBytes();
                Write(bytes);
                break;

            // The bytes of an array that is piped in arrive one by one.
            case byte single:
                _bytes.Write([single]);
                if (_bytes.WrittenCount >= MostBytesKept)
                {
                    WriteBytes();
                }

                break;

            case string text:
                WriteText(text);
                break;

            case IEnumerable items when LanguagePrimitives.GetEnumerable(items) is { } all:
                foreach (object item in all)
                {
                    Add(item ?? "");
                }

                break;

            default:
                WriteText(LanguagePrimitives.ConvertTo<string>(input));
                break;
        }
    }

    private void WriteText(string text)
    {
        WriteBytes();
        Write(TextEncoding.GetBytes(NoNewline ? text : text + "\n"));
    }

    private void WriteBytes()
    {
        if (_bytes.WrittenCount > 0)
        {
            Write(_bytes.WrittenMemory);
            _bytes.Clear();
        }
    }

    // An error ends the command. Otherwise, the remaining data would be written after a gap.
    private void Write(ReadOnlyMemory<byte> data) =>
        Run(() => FileDescriptor.Write(_handle, data.Span, ToTimeout(TimeoutSeconds), Stopped), Descriptor);

    private void Copy()
    {
        long copied = 0;
        var progress = new CopyProgress(this);
        try
        {
            Run(
                () =>
                {
                    SafeHandle source = DescriptorOf(From);
                    progress.Begin(source, Count);
                    copied = FileDescriptor.Copy(source, _handle, Count, progress, ToTimeout(TimeoutSeconds), Stopped);
                },
                From);
        }
        finally
        {
            progress.End();
        }

        WriteVerbose(() => SR.Format(SR.CopiedBytes, Quantity.OfBytes(copied)));
    }
}
