using System.Text;

namespace PSFdPass;

/// <summary>
/// A received message, with its data and its descriptors. It owns the descriptors until they are closed or handed over.
/// </summary>
public sealed class ReceivedMessage : IDisposable
{
    private readonly FileDescriptor[] _descriptors;

    internal ReceivedMessage(byte[] data, FileDescriptor[] descriptors, in ReceiveResult result)
    {
        Data = data;
        _descriptors = descriptors;
        Credentials = result.Credentials;
        Flags = result.Flags;
        BytesLost = result.FullLength - result.Bytes;
    }

    private ReceivedMessage(ReceivedMessage other, FileDescriptor[] descriptors)
    {
        Data = [.. other.Data];
        _descriptors = descriptors;
        Credentials = other.Credentials;
        Flags = other.Flags;
        BytesLost = other.BytesLost;
    }

    /// <summary>
    /// Gets the bytes that arrived with the descriptors; on a stream, they can include bytes that were sent earlier.
    /// </summary>
    public byte[] Data { get; }

    /// <summary>Gets the data as UTF-8 text.</summary>
    public string Text => Encoding.UTF8.GetString(Data);

    /// <summary>Gets the descriptors, in the order in which they were sent.</summary>
    public IReadOnlyList<FileDescriptor> Descriptors => _descriptors;

    /// <summary>Gets the sender if SO_PASSCRED is set on the socket; otherwise null.</summary>
    public MessageCredentials? Credentials { get; }

    /// <summary>Gets the flags of the message, which show whether anything was truncated.</summary>
    public MessageFlags Flags { get; }

    /// <summary>Gets the number of bytes of a packet that did not fit in the buffer and were discarded.</summary>
    public int BytesLost { get; }

    /// <summary>Closes the descriptors that this message still owns.</summary>
    public void Dispose() => FileDescriptor.DisposeAll(_descriptors);

    /// <summary>Returns another message with a copy of the data and duplicates of the descriptors.</summary>
    /// <exception cref="SystemCallException">Thrown when this process has reached its limit of open descriptors (EMFILE).</exception>
    internal ReceivedMessage Duplicate()
    {
        var duplicates = new FileDescriptor[Descriptors.Count];
        int made = 0;
        try
        {
            for (; made < duplicates.Length; made++)
            {
                duplicates[made] = Descriptors[made].Duplicate();
            }

            return new ReceivedMessage(this, duplicates);
        }
        catch
        {
            FileDescriptor.DisposeAll(duplicates.AsSpan(0, made));

            throw;
        }
    }

    /// <summary>Returns a string that contains the numbers of bytes and descriptors.</summary>
    public override string ToString() => $"{Data.Length} bytes, {Descriptors.Count} descriptors";
}
