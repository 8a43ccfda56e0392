using System.Management.Automation;
using PSFdPass.Binding;

namespace PSFdPass.Commands;

// Writes the received messages and descriptors to the pipeline. The pipeline may stop at any moment, but nothing stays open without an owner.
public sealed partial class ReceiveFileDescriptorCommand
{
    private void Write(ReceivedMessage message)
    {
        if (_isVerbose)
        {
            WriteVerbose(SR.Format(
                Peek ? SR.Peeked : SR.Received, Quantity.OfBytes(message.Data.Length), Quantity.OfDescriptors(message.Descriptors.Count)));
        }

        if (message.BytesLost > 0 && !Peek)
        {
            WriteWarning(SR.Format(SR.PacketCut, message.BytesLost, Quantity.OfBytes(message.Data.Length + message.BytesLost)));
        }

        if (AsMessage)
        {
            WriteOwner(message);
        }
        else if (message.Descriptors.Count == 0)
        {
            // If there was no free number for any descriptor, DescriptorsLost has already been reported.
            if (!message.Flags.HasFlag(MessageFlags.DescriptorsTruncated))
            {
                WriteError(new NoDescriptorException(message), message);
            }
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
            // The pipeline accepts no more output, for example because of Select-Object -First 1. Nothing else would close the other
            // descriptors.
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
                WriteWarning(closed == 1 ? SR.OneDescriptorClosed : SR.Format(SR.DescriptorsClosed, closed));
            }
        }
        catch (PipelineStoppedException)
        {
            // Ctrl-C was pressed at this moment. The first exception is thrown again.
        }
    }

    private void Write(FileDescriptor descriptor)
    {
        if (As == DescriptorForm.Number)
        {
            WriteNumber(descriptor);
            return;
        }

        if (As == DescriptorForm.Descriptor)
        {
            WriteOwner(descriptor);
            return;
        }

        if (Stopping)
        {
            descriptor.Dispose();
            throw new PipelineStoppedException();
        }

        // After an error, the descriptor is not lost, because the error's target still owns it.
        if (TryRun(() => descriptor.OpenAs(As), descriptor) is { } value)
        {
            WriteObject(value);
        }
    }

    // A number that a stopped pipeline did not accept would stay open indefinitely, so the FileDescriptor owns it until WriteObject has
    // returned. Whether a downstream command has received the number before the stop can't be determined here, so the number is closed
    // in that case too.
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
