using System.Buffers;
using System.Management.Automation;
using System.Runtime.InteropServices;
using System.Text;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Errors;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Commands;

/// <summary>Reads text or bytes from anything that holds a descriptor.</summary>
[Cmdlet(VerbsCommunications.Read, "FileDescriptor", DefaultParameterSetName = LinesSet)]
[OutputType(typeof(string), ParameterSetName = [LinesSet, LineSet, CountSet, RawSet])]
[OutputType(typeof(byte), ParameterSetName = [LinesSet])]
[OutputType(typeof(byte[]), ParameterSetName = [CountSet, RawSet])]
public sealed class ReadFileDescriptorCommand : FdPassCommand
{
    private const string LinesSet = "Lines";
    private const string LineSet = "Line";
    private const string CountSet = "Count";
    private const string RawSet = "Raw";
    private const int ChunkSize = 64 << 10;
    private const int MostShown = 60;

    private readonly ArrayBufferWriter<byte> _data = new();
    private readonly byte[] _chunk = new byte[ChunkSize];
    private bool _hasRead;
    private SafeHandle _handle = null!;
    private Deadline _deadline;
    private bool _isOfPackets;

    /// <summary>The descriptor to read: a FileDescriptor, a socket, a stream, a number, or any other object that holds a descriptor.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    [Alias("Fd")]
    [ArgumentCompleter(typeof(DescriptorNumberCompleter))]
    public object InputObject { get; set; } = null!;

    /// <summary>Read one line, and nothing beyond its end.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LineSet)]
    public SwitchParameter Line { get; set; }

    /// <summary>Continue with the next line until the end of file.</summary>
    [Parameter(ParameterSetName = LineSet)]
    public SwitchParameter Follow { get; set; }

    /// <summary>Read this many bytes, or fewer at the end of file.</summary>
    [Parameter(Mandatory = true, ParameterSetName = CountSet)]
    [ValidateRange(1, 0x7FFFFFC7)]
    public int Count { get; set; }

    /// <summary>Return everything until the end of file as one object.</summary>
    [Parameter(Mandatory = true, ParameterSetName = RawSet)]
    public SwitchParameter Raw { get; set; }

    /// <summary>Return bytes instead of text.</summary>
    [Parameter(ParameterSetName = LinesSet)]
    [Parameter(ParameterSetName = CountSet)]
    [Parameter(ParameterSetName = RawSet)]
    public SwitchParameter AsByteStream { get; set; }

    /// <summary>The encoding of the text.</summary>
    [Parameter]
    [EncodingTransformation]
    [ArgumentCompleter(typeof(EncodingCompleter))]
    [ValidateNotNull]
    public Encoding? Encoding { get; set; }

    /// <summary>The time limit for each line with -Line; otherwise, for everything that is read.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    private Encoding TextEncoding => Encoding ?? EncodingTransformationAttribute.Utf8;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (Line && TextEncoding.GetByteCount("\n") != 1)
        {
            ThrowTerminating(
                new ArgumentException(SR.Format(SR.LineEncodingInvalid, TextEncoding.WebName)), TextEncoding);
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (TryRun(() => DescriptorOf(InputObject), InputObject) is not { } handle)
        {
            return;
        }

        WriteVerbose(() => SR.Format(SR.Reading, DescriptorSource.Find(handle)!.Describe()));

        _handle = handle;
        _isOfPackets = IsOfPackets(handle);
        _deadline = Deadline.After(ToTimeout(TimeoutSeconds));
        _hasRead = false;
        _data.Clear();
        switch (ParameterSetName)
        {
            case LineSet:
                WriteEachLine();
                break;
            case LinesSet when AsByteStream:
                while (TryReadPart(ChunkSize))
                {
                    WriteObject(_data.WrittenSpan.ToArray(), enumerateCollection: true);
                    _data.Clear();
                }

                break;
            case LinesSet:
                WriteAllLines();
                break;
            case CountSet:
                WriteData(Count);
                break;
            default:
                WriteData(int.MaxValue);
                break;
        }
    }

    private static bool IsOfPackets(SafeHandle handle)
    {
        using var lease = new HandleLease(handle);
        return SocketFacts.TryGetType(lease.Fd, out int type) && type != Constants.SOCK_STREAM;
    }

    private void WriteEachLine()
    {
        do
        {
            _data.Clear();
            _deadline = Deadline.After(ToTimeout(TimeoutSeconds));
            if (!TryReadUntilLineEnd(out bool isComplete) || (!isComplete && _data.WrittenCount == 0))
            {
                return;
            }

            WriteObject(LineDecoder.TextOf(_data.WrittenSpan, TextEncoding));
            if (!isComplete)
            {
                return;
            }
        }
        while (Follow);
    }

    private void WriteAllLines()
    {
        var decoder = new LineDecoder(TextEncoding);
        bool isLast = false;
        while (!isLast)
        {
            isLast = !TryReadPart(ChunkSize, () => decoder.Finish());
            List<string> lines = decoder.Add(_data.WrittenSpan);
            _data.Clear();
            WriteObject(lines, enumerateCollection: true);
            if ((isLast || _isOfPackets) && decoder.Finish() is { } rest)
            {
                WriteObject(rest);
            }
        }
    }

    private void WriteData(int count)
    {
        while (_data.WrittenCount < count)
        {
            int before = _data.WrittenCount;
            if (!TryReadPart(Math.Min(count - before, ChunkSize), out bool isFailed))
            {
                if (isFailed || (before == 0 && count != int.MaxValue))
                {
                    return;
                }

                break;
            }
        }

        WriteObject(AsByteStream ? _data.WrittenSpan.ToArray() : TextEncoding.GetString(_data.WrittenSpan), enumerateCollection: false);
    }

    private bool TryReadPart(int most) => TryReadPart(most, out _);

    private bool TryReadPart(int most, Func<string?> takeRest) => TryReadPart(most, out _, takeRest);

    // Appends the available bytes to the data. Returns false at the end of file and after an error.
    private bool TryReadPart(int most, out bool isFailed, Func<string?>? takeRest = null)
    {
        bool hasMore = false;
        isFailed = !TryRead(
            () =>
            {
                // Otherwise, a peer that never stops sending would keep the command reading past its time limit.
                if (_hasRead && _deadline.HasPassed)
                {
                    throw new TimeoutException();
                }

                _hasRead = true;
                if (_isOfPackets)
                {
                    hasMore = FileDescriptor.ReadUntil(_handle, (byte)'\n', _data, TimeLeft(), Stopped);
                    return;
                }

                int count = FileDescriptor.Read(_handle, _chunk.AsSpan(0, most), TimeLeft(), Stopped);
                _data.Write(_chunk.AsSpan(0, count));
                hasMore = count > 0;
            },
            takeRest);
        return hasMore;
    }

    private bool TryReadUntilLineEnd(out bool isComplete)
    {
        bool isFound = false;
        bool isDone = TryRead(() => isFound = FileDescriptor.ReadUntil(_handle, (byte)'\n', _data, TimeLeft(), Stopped), null);
        isComplete = isFound;
        return isDone;
    }

    private bool TryRead(Action read, Func<string?>? takeRest)
    {
        ThrowIfStopping();
        try
        {
            read();
            return true;
        }
        catch (Exception exception) when (IsTerminating(exception))
        {
            WriteReadError(exception, takeRest);
            return false;
        }
    }

    // The data that was read before the error is not lost, because it is the error's target.
    private void WriteReadError(Exception exception, Func<string?>? takeRest)
    {
        if (exception is OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }

        object? partial = takeRest is not null ? takeRest()
            : _data.WrittenCount == 0 ? null
            : AsByteStream ? _data.WrittenSpan.ToArray()
            : TextEncoding.GetString(_data.WrittenSpan);
        _data.Clear();
        if (exception is TimeoutException)
        {
            exception = new TimeoutException(
                SR.Format(
                    ParameterSetName switch { LineSet => SR.ReadLineTimedOut, CountSet => SR.ReadCountTimedOut, _ => SR.ReadEndTimedOut },
                    Quantity.OfSeconds(TimeoutSeconds)),
                exception);
        }

        string? advice = partial switch
        {
            string text => SR.Format(SR.ReadTextBefore, ShownText.Of(text, MostShown)),
            byte[] bytes => SR.Format(SR.ReadBytesBefore, Quantity.OfBytes(bytes.Length)),
            _ when exception is Descriptors.DescriptorsPendingException => SR.ReceiveAdvice,
            _ => null,
        };
        WriteError(ErrorRecords.From(exception, partial ?? InputObject, advice));
    }

    private TimeSpan TimeLeft() => _deadline.IsNever ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(_deadline.PollMilliseconds);
}
