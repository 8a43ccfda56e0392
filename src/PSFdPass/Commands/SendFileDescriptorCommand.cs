using System.Collections;
using System.Management.Automation;
using PSFdPass.Binding;

namespace PSFdPass.Commands;

/// <summary>Sends open descriptors over a Unix-domain socket.</summary>
[Cmdlet(VerbsCommunications.Send, "FileDescriptor", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(object))]
public sealed class SendFileDescriptorCommand : SocketCommand
{
    private OutgoingDescriptors _message = null!;
    private bool _asksOrTells;
    private string _socketText = "";

    /// <summary>What to send: whatever holds a descriptor, or a file to open. Each pipeline object is one message, and so is an array.</summary>
    // Not object[]: to make an array of each pipeline object costs more than to send it.
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    public object InputObject { get; set; } = null!;

    /// <summary>The data to send with the descriptors; one byte, their number, unless told.</summary>
    [Parameter]
    [ValidateNotNull]
    [MessageTransformation]
    public byte[]? Message { get; set; }

    /// <summary>How to open a file that is given as a path or a FileInfo.</summary>
    [Parameter]
    public FileAccess Access { get; set; } = FileAccess.Read;

    /// <summary>Close our copy once the message is on its way.</summary>
    [Parameter]
    public SwitchParameter CloseAfterSend { get; set; }

    /// <summary>Give the input on.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>How long to wait, for each message, until the receiver makes room.</summary>
    [Parameter]
    [ValidateRange(0.0, int.MaxValue / 1000)]
    public double? TimeoutSeconds { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _message = new OutgoingDescriptors(ResolvePath, Access, CloseAfterSend);
        _asksOrTells = AsksOrTells();
        if (_asksOrTells)
        {
            using var socket = new FileDescriptor((int)Handle.DangerousGetHandle(), ownsHandle: false);
            _socketText = $"descriptor {socket}";
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            if (TryCollect() && (!_asksOrTells || ShouldProcess(_socketText, $"Send {_message.Describe()}")))
            {
                Send();
            }
        }
        finally
        {
            _message.Clear();
        }
    }

    private bool TryCollect()
    {
        object input = Unwrap(InputObject);
        if (input is not IEnumerable || LanguagePrimitives.GetEnumerable(input) is not { } items)
        {
            return TryAdd(input);
        }

        foreach (object item in items)
        {
            if (!TryAdd(item))
            {
                return false;
            }
        }

        return _message.Count > 0 || TryAdd(null);
    }

    private bool TryAdd(object? item)
    {
        try
        {
            _message.Add(FromPrompt(item ?? throw new ArgumentException("There is nothing to send: an empty array, or null in it.")));
            return true;
        }
        catch (Exception exception) when (ErrorRecords.IsExpected(exception))
        {
            WriteError(ErrorRecords.From(exception, item));
            return false;
        }
    }

    private void Send()
    {
        try
        {
            _message.Send(Handle, Message, ToTimeout(TimeoutSeconds), Stopped);
        }
        catch (Exception exception) when (EndsCommand(exception))
        {
            Stop(exception, InputObject);
        }

        if (CloseAfterSend)
        {
            CloseHolders();
        }

        if (PassThru)
        {
            WriteObject(InputObject, enumerateCollection: true);
        }
    }

    private void CloseHolders()
    {
        try
        {
            _message.CloseHolders();
        }
        catch (Exception exception)
        {
            // Whatever it is: objects close themselves in ways of their own, and the message is on its way.
            WriteError(ErrorRecords.From(exception, InputObject));
        }
    }

    // A negative number typed at the prompt comes as text, and nobody means a file of that name.
    private static object FromPrompt(object item) =>
        Unwrap(item) is string text && text.StartsWith('-') && int.TryParse(text, out int number) ? number : Unwrap(item);
}
