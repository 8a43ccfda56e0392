using System.Runtime.InteropServices;
using PSFdPass.Descriptors;
using PSFdPass.Interop;

namespace PSFdPass.Sockets;

/// <summary>
/// The descriptors of one message, collected from whatever holds them. Files that are named by path are opened for the
/// message, and closed with this object; everything else stays its holder's.
/// </summary>
public sealed class OutgoingDescriptors : IDisposable
{
    private readonly Func<string, string> _resolvePath;
    private readonly FileAccess _access;
    private readonly List<DescriptorSource> _sources = [];
    private readonly List<SafeHandle> _handles = [];
    private List<FileDescriptor>? _opened;

    /// <summary>Begins without any.</summary>
    /// <param name="resolvePath">Makes a path absolute.</param>
    /// <param name="access">How to open files that are named by path.</param>
    public OutgoingDescriptors(Func<string, string> resolvePath, FileAccess access)
    {
        _resolvePath = resolvePath;
        _access = access;
    }

    /// <summary>How many there are.</summary>
    public int Count => _sources.Count;

    /// <summary>Adds what an object holds: see <see cref="DescriptorSource.Find"/>; a string or a FileSystemInfo is opened.</summary>
    /// <exception cref="ArgumentException">The object holds no descriptor.</exception>
    /// <exception cref="SystemCallException">The file can't be opened: ENOENT, EACCES and so on. EBADF: a number that is not open.</exception>
    /// <exception cref="ObjectDisposedException">The object is closed.</exception>
    public void Add(object holder)
    {
        ArgumentNullException.ThrowIfNull(holder);
        string? path = holder switch
        {
            "" => throw new ArgumentException("An empty text is no path."),
            string text => _resolvePath(text),
            FileSystemInfo info => info.FullName,
            _ => null,
        };
        if (path is not null)
        {
            var file = FileDescriptor.Open(path, _access);
            (_opened ??= []).Add(file);
            holder = file;
        }

        DescriptorSource source = DescriptorSource.Find(holder) ?? throw new ArgumentException(
            $"A {holder.GetType()} holds no descriptor. What does: a FileDescriptor, a number, a SafeHandle, a Socket, a stream, " +
            "a path or a FileInfo, or an object with a SafeFileHandle, SafeHandle or Handle property.");
        _sources.Add(source);
        _handles.Add(source.Handle);
    }

    /// <summary>Sends them.</summary>
    /// <param name="socket">A connected Unix-domain socket.</param>
    /// <param name="data">The data that goes with them; null for one byte, their number.</param>
    /// <param name="timeout">How long to wait for room at the receiver.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <inheritdoc cref="DescriptorSender.Send(SafeHandle, ReadOnlySpan{byte}, ReadOnlySpan{SafeHandle}, TimeSpan, CancellationToken)"/>
    public void Send(SafeHandle socket, byte[]? data, TimeSpan timeout, CancellationToken cancellation = default)
    {
        ReadOnlySpan<SafeHandle> handles = CollectionsMarshal.AsSpan(_handles);
        if (data is null)
        {
            DescriptorSender.Send(socket, handles, timeout, cancellation);
        }
        else
        {
            DescriptorSender.Send(socket, data, handles, timeout, cancellation);
        }
    }

    /// <summary>Closes the holders' copies, with the meaning of close(2): see <see cref="DescriptorSource.Close"/>.</summary>
    public void CloseHolders()
    {
        foreach (DescriptorSource source in _sources)
        {
            source.Close();
        }
    }

    /// <summary>Closes the files that were opened for the message, and begins the next one.</summary>
    public void Clear()
    {
        if (_opened is not null)
        {
            _opened.ForEach(static file => file.Dispose());
            _opened.Clear();
        }

        _sources.Clear();
        _handles.Clear();
    }

    /// <summary>Closes the files that were opened for the message.</summary>
    public void Dispose() => Clear();

    /// <summary>What there is to send.</summary>
    public override string ToString() => _sources.Count == 1 ? "1 descriptor" : $"{_sources.Count} descriptors";
}
