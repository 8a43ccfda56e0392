using System.Collections;
using System.Management.Automation;
using System.Runtime.InteropServices;
using PSFdPass.Binding;
using PSFdPass.Completion;

namespace PSFdPass.Commands;

/// <summary>Sends open descriptors, data, or both over a Unix-domain socket.</summary>
[Cmdlet(
    VerbsCommunications.Send, "FileDescriptor", DefaultParameterSetName = DataSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(void), ParameterSetName = [DataSet])]
[OutputType(typeof(object), ParameterSetName = [DescriptorSet])]
public sealed class SendFileDescriptorCommand : SocketCommand
{
    private const string DataSet = "Data";
    private const string DescriptorSet = "Descriptor";

    private OutgoingMessage _message = null!;
    private bool _callsShouldProcess;
    private string _socketText = "";
    private DelayedProgress _progress = null!;
    private int _sent;

    /// <summary>
    /// The objects to send: any object that holds a descriptor, or a file to open. Each pipeline object is sent as one message, and so is
    /// an array.
    /// </summary>
    // Not object[]: wrapping each pipeline object in an array costs more than sending it.
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ParameterSetName = DescriptorSet)]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public object InputObject { get; set; } = null!;

    /// <summary>The data to send. By default, one byte is sent with descriptors: their number modulo 256.</summary>
    [Parameter(Mandatory = true, ParameterSetName = DataSet)]
    [Parameter(ParameterSetName = DescriptorSet)]
    [ValidateNotNull]
    [AllowEmptyCollection]
    [MessageTransformation]
    public byte[]? Message { get; set; }

    /// <summary>The access with which a path or a FileInfo is opened.</summary>
    [Parameter(ParameterSetName = DescriptorSet)]
    public FileAccess Access { get; set; } = FileAccess.Read;

    /// <summary>Close the sender's copy after the message has been sent.</summary>
    [Parameter(ParameterSetName = DescriptorSet)]
    public SwitchParameter CloseAfterSend { get; set; }

    /// <summary>Return each input object after it has been sent.</summary>
    [Parameter(ParameterSetName = DescriptorSet)]
    public SwitchParameter PassThru { get; set; }

    /// <summary>The time limit for each message: for space in the receiver's queue, and for the other end of a FIFO to be opened.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _message = new OutgoingMessage(ResolvePath, Access, CloseAfterSend);
        _callsShouldProcess = MustCallShouldProcess();
        _progress = new DelayedProgress(this, static () => SR.Sending);
        if (_callsShouldProcess)
        {
            using var socket = new FileDescriptor((int)Handle.DangerousGetHandle(), ownsHandle: false);
            _socketText = SR.Format(SR.SubjectDescriptor, socket);
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == DataSet)
        {
            SendData(Message!);
            return;
        }

        try
        {
            if (TryCollect() && Confirm(_message) && TryOpen(out TimeSpan timeout))
            {
                Send(timeout);
            }
        }
        finally
        {
            _message.Clear();
        }
    }

    /// <summary>Removes the progress bar.</summary>
    protected override void EndProcessing() => _progress.End();

    /// <inheritdoc/>
    protected override string? AdviceOn(Exception exception) =>

        // The exception counts only the descriptors that its own call has sent.
        exception is SendTimeoutException or SystemCallException && _sent > 0
            ? _sent == 1 ? SR.OneObjectSent : SR.Format(SR.ObjectsSent, _sent)
            : null;

    private void SendData(byte[] data)
    {
        if (!_callsShouldProcess || ShouldProcess(_socketText, SR.Format(SR.SendAction, Quantity.OfBytes(data.Length))))
        {
            Run(
                () => DescriptorSender.Send(Handle, data, ReadOnlySpan<SafeHandle>.Empty, ToTimeout(TimeoutSeconds), Stopped), Socket);
        }
    }

    private bool Confirm(OutgoingMessage message) => !_callsShouldProcess || ShouldProcess(_socketText, SR.Format(SR.SendAction, message.Describe()));

    private bool TryCollect()
    {
        object input = Unwrap(InputObject);
        if (input is not IEnumerable || LanguagePrimitives.GetEnumerable(input) is not { } items)
        {
            return TryAdd(InputObject);
        }

        foreach (object item in items)
        {
            if (!TryAdd(item))
            {
                return false;
            }
        }

        return !_message.IsEmpty || TryAdd(null);
    }

    private bool TryAdd(object? item)
    {
        try
        {
            _message.Add(FromPrompt(item ?? throw new ArgumentException(SR.SendNull)));
            return true;
        }
        catch (Exception exception) when (IsTerminating(exception))
        {
            WriteError(exception, item);
            return false;
        }
    }

    private bool TryOpen(out TimeSpan timeout)
    {
        timeout = ToTimeout(TimeoutSeconds);
        try
        {
            timeout = _message.Open(timeout, Stopped);
            return true;
        }
        catch (Exception exception) when (IsTerminating(exception))
        {
            WriteError(exception, InputObject);
            return false;
        }
    }

    private void Send(TimeSpan timeout)
    {
        try
        {
            _message.Send(Handle, Message, timeout, Stopped);
        }
        catch (Exception exception) when (IsTerminating(exception))
        {
            ThrowTerminating(exception, InputObject);
        }

        _sent++;
        if (MyInvocation.ExpectingInput)
        {
            _progress.Report(_sent, null, static (done, _) => SR.Format(SR.SentMessages, done));
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
            // Objects can throw any exception when they are closed, and the message has already been sent.
            WriteError(exception, InputObject);
        }
    }

    // A negative number typed at the prompt arrives as a string, and is not meant as the name of a file.
    private static object FromPrompt(object item) =>
        Unwrap(item) is string text && text.StartsWith('-') && int.TryParse(text, out int number) ? number : item;
}
