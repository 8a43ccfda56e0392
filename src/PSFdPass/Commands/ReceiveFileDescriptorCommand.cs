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
public sealed class ReceiveFileDescriptorCommand : SocketCommand
{
    // The longest array of .NET.
    private const int MostBytes = 0x7FFFFFC7;

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

    /// <summary>Return one object for each message: its data, its text, its descriptors.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Message")]
    public SwitchParameter AsMessage { get; set; }

    /// <summary>Continue until the peer closes.</summary>
    [Parameter]
    public SwitchParameter Follow { get; set; }

    /// <summary>The time limit for each message.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    /// <summary>The number of bytes of a message to receive at most; the rest of a packet is discarded, with a warning.</summary>
    [Parameter]
    [ValidateRange(1, MostBytes)]
    public int BufferSize { get; set; }

    /// <summary>Return the next message and leave it in the queue. Its descriptors are open, and arrive again with it.</summary>
    [Parameter]
    public SwitchParameter Peek { get; set; }

    /// <summary>Ask for the sender's process, user and group with each message that is sent from now on.</summary>
    [Parameter]
    public SwitchParameter WithCredentials { get; set; }

    /// <summary>Checks the switches only, because the socket may come from the pipeline.</summary>
    protected override void BeginProcessing()
    {
        if (Peek && (Follow || Count is not null))
        {
            ThrowTerminating(new ArgumentException(
                "-Peek returns the next message, the same one each time. It can't be used with -Follow or -Count."), Socket);
        }

        if (WithCredentials && !AsMessage)
        {
            WriteWarning("The credentials are part of the message: -AsMessage returns it.");
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        FindHandle();
        if (WithCredentials)
        {
            Run(() => UnixSocket.RequestCredentials(Handle), Socket);
        }

        int received = 0;
        do
        {
            if (ReceiveMessage() is not { } message)
            {
                if (!Follow)
                {
                    ThrowTerminating(new PeerClosedException(received, Count ?? 1), Socket);
                }

                return;
            }

            received += message.Descriptors.Count;
            Write(message);
        }
        while (Count is { } count ? received < count : Follow);

        if (received > Count)
        {
            WriteWarning($"The last message had more descriptors than were asked for: {received} arrived, not {Count}.");
        }
    }

    private ReceivedMessage? ReceiveMessage()
    {
        try
        {
            return DescriptorReceiver.ReceiveMessage(Handle, ToTimeout(TimeoutSeconds), Stopped, BufferSize, Peek);
        }
        catch (DescriptorsLostException exception)
        {
            WriteError(exception, Socket);
            return exception.Received;
        }
        catch (Exception exception) when (IsTerminating(exception))
        {
            ThrowTerminating(exception, Socket);
            return null;
        }
    }

    private void Write(ReceivedMessage message)
    {
        if (message.BytesLost > 0 && !Peek)
        {
            WriteWarning(
                $"The last {message.BytesLost} bytes of a packet of {message.Data.Length + message.BytesLost} were discarded: they don't fit into -BufferSize.");
        }

        if (AsMessage)
        {
            WriteObject(message);
        }
        else if (message.Descriptors.Count == 0)
        {
            WriteError(new NoDescriptorException(message), message);
        }
        else
        {
            WriteDescriptors(message.Descriptors);
        }
    }

    private void WriteDescriptors(IReadOnlyList<FileDescriptor> descriptors)
    {
        int written = 0;
        try
        {
            while (written < descriptors.Count)
            {
                Write(descriptors[written++]);
            }
        }
        catch
        {
            // The pipeline accepts no more, because of Select-Object -First 1 for example. Nobody else would close the rest.
            int closed = descriptors.Count - written;
            for (; written < descriptors.Count; written++)
            {
                descriptors[written].Dispose();
            }

            WarnOfClosed(closed);
            throw;
        }
    }

    private void WarnOfClosed(int closed)
    {
        try
        {
            if (closed > 0 && !Stopping)
            {
                WriteWarning(
                    $"{closed} more descriptors of the message were closed, because the pipeline ended before it accepted them. Assign the " +
                    "output to a variable to keep them.");
            }
        }
        catch (PipelineStoppedException)
        {
            // Ctrl-C in this moment: the first exception is thrown again.
        }
    }

    private void Write(FileDescriptor descriptor)
    {
        if (As == DescriptorForm.Number)
        {
            WriteNumber(descriptor);
            return;
        }

        // After an error the descriptor is not lost: the error's target still owns it.
        if (TryRun(() => descriptor.OpenAs(As), descriptor) is { } value)
        {
            WriteObject(value);
        }
    }

    // A number that the stopped pipeline did not accept would stay open for good, so the FileDescriptor owns it until then.
    private void WriteNumber(FileDescriptor descriptor)
    {
        try
        {
            WriteObject(descriptor.Fd);
        }
        catch (PipelineStoppedException) when (Stopping)
        {
            descriptor.Dispose();
            throw;
        }
        finally
        {
            // The pipeline may have closed the number already.
            if (descriptor.IsOpen)
            {
                _ = descriptor.Detach();
            }
        }
    }
}
