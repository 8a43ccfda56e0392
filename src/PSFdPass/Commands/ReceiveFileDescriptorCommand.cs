using System.Management.Automation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Binding;

namespace PSFdPass.Commands;

/// <summary>Receives open descriptors from a Unix-domain socket.</summary>
[Cmdlet(VerbsCommunications.Receive, "FileDescriptor", DefaultParameterSetName = "Descriptor")]
[OutputType(typeof(FileDescriptor), typeof(Socket), typeof(Stream), typeof(SafeHandle), typeof(int), ParameterSetName = ["Descriptor"])]
[OutputType(typeof(ReceivedMessage), ParameterSetName = ["Message"])]
public sealed class ReceiveFileDescriptorCommand : SocketCommand
{
    // No array of .NET is longer.
    private const int MostBytes = 0x7FFFFFC7;

    /// <inheritdoc/>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(SocketNumberCompleter))]
    public override object Socket { get; set; } = null!;

    /// <summary>Go on until so many descriptors have come.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? Count { get; set; }

    /// <summary>As what to give each descriptor.</summary>
    [Parameter(ParameterSetName = "Descriptor")]
    public DescriptorForm As { get; set; }

    /// <summary>Give one object a message: its data, its text, its descriptors.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Message")]
    public SwitchParameter AsMessage { get; set; }

    /// <summary>Go on until the peer closes.</summary>
    [Parameter]
    public SwitchParameter Follow { get; set; }

    /// <summary>How long to wait, for each message.</summary>
    [Parameter]
    [ValidateRange(0.0, int.MaxValue / 1000)]
    public double? TimeoutSeconds { get; set; }

    /// <summary>Bytes of a message to receive at the most; what of a packet has no room is lost, with a warning. All of it unless told.</summary>
    [Parameter]
    [ValidateRange(1, MostBytes)]
    public int BufferSize { get; set; }

    /// <summary>Look at the next message and leave it in the queue. Its descriptors are real, and come again with it.</summary>
    [Parameter]
    public SwitchParameter Peek { get; set; }

    /// <summary>Ask for the sender's process, user and group with each message: for those that are sent from now on.</summary>
    [Parameter]
    public SwitchParameter WithCredentials { get; set; }

    /// <summary>Looks at the switches only: the socket may come down the pipeline.</summary>
    protected override void BeginProcessing()
    {
        if (Peek && (Follow || Count is not null))
        {
            Stop(new ArgumentException(
                "-Peek looks at the next message, again and again the same: it goes neither with -Follow nor with -Count."), Socket);
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        FindHandle();
        if (WithCredentials)
        {
            OrStop(() => UnixSocket.RequestCredentials(Handle), Socket);
        }

        int received = 0;
        do
        {
            if (ReceiveMessage() is not { } message)
            {
                if (!Follow)
                {
                    OrStop(() => throw new PeerClosedException(received, Count ?? 1), Socket);
                }

                return;
            }

            received += message.Descriptors.Count;
            Write(message);
        }
        while (Count is { } count ? received < count : Follow);

        if (received > Count)
        {
            WriteWarning($"The last message had more descriptors than were asked for: {received} have come, not {Count}.");
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
            WriteError(ErrorRecords.From(exception, Socket));
            return exception.Received;
        }
        catch (Exception exception) when (EndsCommand(exception))
        {
            Stop(exception, Socket);
            return null;
        }
    }

    private void Write(ReceivedMessage message)
    {
        if (message.BytesLost > 0 && !Peek)
        {
            WriteWarning($"The last {message.BytesLost} bytes of a packet of {message.Data.Length + message.BytesLost} are lost: -BufferSize has no room for them.");
        }

        if (AsMessage)
        {
            WriteObject(message);
            return;
        }

        if (message.Descriptors.Count == 0)
        {
            WriteError(ErrorRecords.From(new NoDescriptorException(message), message));
            return;
        }

        IReadOnlyList<FileDescriptor> descriptors = message.Descriptors;
        int given = 0;
        try
        {
            while (given < descriptors.Count)
            {
                if (TryOpen(descriptors[given++]) is { } value)
                {
                    WriteObject(value);
                }
            }
        }
        finally
        {
            // A pipeline that takes no more, such as one with Select-Object -First 1, leaves these with nobody.
            for (; given < descriptors.Count; given++)
            {
                descriptors[given].Dispose();
            }
        }
    }

    private object? TryOpen(FileDescriptor descriptor)
    {
        try
        {
            return descriptor.OpenAs(As);
        }
        catch (Exception exception) when (ErrorRecords.IsExpected(exception))
        {
            // The descriptor is not lost: the error's target still owns it.
            WriteError(ErrorRecords.From(exception, descriptor));
            return null;
        }
    }
}
