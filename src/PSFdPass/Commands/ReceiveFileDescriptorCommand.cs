using System.Management.Automation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Errors;

namespace PSFdPass.Commands;

/// <summary>Receives open descriptors from a Unix-domain socket.</summary>
[Cmdlet(VerbsCommunications.Receive, "FileDescriptor", DefaultParameterSetName = "Descriptor")]
[OutputType(typeof(FileDescriptor), typeof(Socket), typeof(Stream), typeof(SafeHandle), typeof(int), ParameterSetName = ["Descriptor"])]
[OutputType(typeof(ReceivedMessage), ParameterSetName = ["Message"])]
public sealed partial class ReceiveFileDescriptorCommand : SocketCommand
{
    // The maximum length of a .NET array.
    private const int MostBytes = 0x7FFFFFC7;

    private SocketQueue? _queue;
    private bool _isVerbose;

    private enum Outcome
    {
        Message,
        Nothing,
        End,
        Failed,
    }

    /// <inheritdoc/>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(SocketNumberCompleter))]
    public override object Socket { get; set; } = null!;

    /// <summary>Continue until this many descriptors have arrived.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? Count { get; set; }

    /// <summary>The type in which each descriptor is returned.</summary>
    [Parameter(ParameterSetName = "Descriptor")]
    public DescriptorForm As { get; set; }

    /// <summary>Return one object for each message, with its data, its text and its descriptors.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Message")]
    public SwitchParameter AsMessage { get; set; }

    /// <summary>Continue until the peer closes its end.</summary>
    [Parameter]
    public SwitchParameter Follow { get; set; }

    /// <summary>The time limit for each message.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    /// <summary>The maximum number of bytes to receive in one message. The rest of a longer packet is discarded, with a warning.</summary>
    [Parameter]
    [ValidateRange(1, MostBytes)]
    public int BufferSize { get; set; }

    /// <summary>
    /// Return the next message and leave it in the queue. Its descriptors are opened now, and again when the message is received.
    /// </summary>
    [Parameter]
    public SwitchParameter Peek { get; set; }

    /// <summary>Request the sender's process, user and group with each message that is sent from now on.</summary>
    [Parameter]
    public SwitchParameter WithCredentials { get; set; }

    /// <summary>Checks only the switches, because the socket may come from the pipeline.</summary>
    protected override void BeginProcessing()
    {
        if (Peek && (Follow || Count is not null))
        {
            ThrowTerminating(new ArgumentException(SR.PeekNotRepeated), Socket);
        }

        _isVerbose = MustWriteVerbose();
        if (WithCredentials && !AsMessage)
        {
            WriteWarning(SR.CredentialsNotShown);
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!TryFindHandle())
        {
            return;
        }

        if (Follow && Count is null && MyInvocation.ExpectingInput)
        {
            _queue ??= new SocketQueue(ToTimeout(TimeoutSeconds));
            _queue.Add(Socket, Handle);
            ReceiveFromQueue(wait: false);
        }
        else
        {
            ReceiveFrom(Socket);
        }
    }

    /// <summary>With -Follow, receives from all sockets of the pipeline until their peers have closed.</summary>
    protected override void EndProcessing()
    {
        if (_queue is not null)
        {
            ReceiveFromQueue(wait: true);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _queue?.Dispose();
        base.Dispose(disposing);
    }

    private bool TryFindHandle()
    {
        try
        {
            FindHandle();
            if (WithCredentials)
            {
                UnixSocket.RequestCredentials(Handle);
            }

            return true;
        }
        catch (Exception exception) when (IsTerminating(exception))
        {
            Fail(exception, Socket);
            return false;
        }
    }

    // With several sockets, the command continues with the others after an error. A timeout is often expected, so -ErrorAction determines
    // how it is handled. Without -ErrorAction, a timeout ends the command, so that try and catch work.
    private void Fail(Exception exception, object socket)
    {
        bool continues = MyInvocation.ExpectingInput ||
            (exception is TimeoutException && MyInvocation.BoundParameters.ContainsKey("ErrorAction"));
        if (!continues)
        {
            ThrowTerminating(exception, socket);
        }

        WriteError(exception, socket);
    }

    private void ReceiveFrom(object socket)
    {
        var progress = new DelayedProgress(this, static () => SR.Receiving);
        try
        {
            ReceiveFrom(socket, progress);
        }
        finally
        {
            EndProgress(progress);
        }
    }

    private void EndProgress(DelayedProgress progress)
    {
        try
        {
            progress.End();
        }
        catch (PipelineStoppedException)
        {
            // The shell removes the progress bar of a stopped pipeline.
        }
    }

    private void ReceiveFrom(object socket, DelayedProgress progress)
    {
        int received = 0;
        do
        {
            (Outcome outcome, ReceivedMessage? message) = Receive(socket, Handle, ToTimeout(TimeoutSeconds), received: received);
            if (outcome == Outcome.End && !Follow)
            {
                Fail(new PeerClosedException(received, Count ?? 1), socket);
            }

            if (message is null)
            {
                return;
            }

            received += message.Descriptors.Count;
            Write(message);
            if (Count is not null)
            {
                progress.Report(received, Count, static (done, total) => SR.Format(SR.ReceivedOfTotal, done, total));
            }
        }
        while (Count is { } count ? received < count : Follow);

        if (received > Count)
        {
            WriteWarning(SR.Format(SR.ReceivedTooMany, received, Count));
        }
    }

    private void ReceiveFromQueue(bool wait)
    {
        SocketQueue queue = _queue!;
        do
        {
            foreach (SocketQueue.Member member in Take(wait))
            {
                // Another reader may have received the message first. If so, wait again, unless the time limit has expired.
                bool isOver = TimeoutSeconds is { } limit && member.Waited.TotalSeconds >= limit;
                (Outcome outcome, ReceivedMessage? message) = Receive(member.Socket, member.Handle, TimeSpan.Zero, mayBeEmpty: !isOver);
                if (outcome is Outcome.End or Outcome.Failed)
                {
                    queue.Remove(member);
                }
                else if (message is not null)
                {
                    member.Restart();
                    Write(message);
                }
            }
        }
        while (wait && queue.Count > 0);
    }

    private (Outcome Outcome, ReceivedMessage? Message) Receive(object socket, SafeHandle handle, TimeSpan timeout, bool mayBeEmpty = false, int received = 0)
    {
        ThrowIfStopping();
        try
        {
            ReceivedMessage? message = DescriptorReceiver.ReceiveMessage(handle, timeout, Stopped, BufferSize, Peek);
            return (message is null ? Outcome.End : Outcome.Message, message);
        }
        catch (DescriptorsLostException exception)
        {
            WriteError(exception, socket);
            return (Outcome.Message, exception.Received);
        }
        catch (TimeoutException) when (mayBeEmpty)
        {
            return (Outcome.Nothing, null);
        }
        catch (TimeoutException exception) when (received > 0 && Count is not null)
        {
            Fail(new TimeoutException(SR.Format(SR.ReceiveTimedOutEarly, received, Count), exception), socket);
            return (Outcome.Failed, null);
        }
        catch (Exception exception) when (IsTerminating(exception))
        {
            Fail(exception, socket);
            return (Outcome.Failed, null);
        }
    }

    private IReadOnlyList<SocketQueue.Member> Take(bool wait)
    {
        try
        {
            return _queue!.Take(wait, Stopped);
        }
        catch (Exception exception) when (IsTerminating(exception))
        {
            ThrowTerminating(exception, Socket);
            return [];
        }
    }
}
