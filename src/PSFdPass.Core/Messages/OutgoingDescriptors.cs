using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;

namespace PSFdPass;

/// <summary>
/// The descriptors of one message, collected from whatever holds them. Files that are named by path are opened for the
/// message, and closed with this object; everything else stays its holder's.
/// </summary>
public sealed class OutgoingDescriptors : IDisposable
{
    private const int MostDescribed = 8;

    private readonly Func<string, string> _resolvePath;
    private readonly FileAccess _access;
    private readonly bool _closeAfterSend;
    private readonly List<DescriptorSource> _sources = [];
    private readonly List<SafeHandle> _handles = [];
    private List<FileDescriptor>? _opened;

    /// <summary>Begins without any.</summary>
    /// <param name="resolvePath">Makes a path absolute.</param>
    /// <param name="access">How to open files that are named by path.</param>
    /// <param name="closeAfterSend">True if <see cref="CloseHolders"/> will be called: what it must not close is refused at once.</param>
    public OutgoingDescriptors(Func<string, string> resolvePath, FileAccess access, bool closeAfterSend = false)
    {
        _resolvePath = resolvePath;
        _access = access;
        _closeAfterSend = closeAfterSend;
    }

    /// <summary>How many there are.</summary>
    public int Count => _sources.Count;

    /// <summary>Adds what an object holds: see <see cref="DescriptorSource.Find"/>; a string or a FileSystemInfo is opened.</summary>
    /// <exception cref="ArgumentException">The object holds no descriptor, or it describes one of another process.</exception>
    /// <exception cref="DescriptorInUseException">It would be closed, and is a standard stream or the runtime's own.</exception>
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

        DescriptorSource source = DescriptorSource.Find(holder) ?? throw HoldsNone(holder);
        if (_closeAfterSend && path is null)
        {
            ThrowIfInUse(source);
        }

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

    /// <summary>
    /// Closes the holders' copies, with the meaning of close(2): see <see cref="DescriptorSource.Close"/>. One that fails does not
    /// keep the others open: the first failure is thrown when all have been tried.
    /// </summary>
    public void CloseHolders()
    {
        if (_sources.Count == 1)
        {
            _sources[0].Close();
            return;
        }

        // Numbers come last, each once: what has closed with its object, or with the same number, may be another's by then.
        List<int> fds = _handles.ConvertAll(static handle => (int)handle.DangerousGetHandle());
        var closed = new HashSet<int>();
        Exception? failure = null;
        foreach (bool isNumber in (ReadOnlySpan<bool>)[false, true])
        {
            for (int i = 0; i < _sources.Count; i++)
            {
                if (_sources[i].IsNumber == isNumber && (closed.Add(fds[i]) || !isNumber))
                {
                    Exception? thrown = Close(_sources[i]);
                    failure ??= thrown;
                }
            }
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
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

    /// <summary>What there is to send, by kind and target: <c>File /etc/hosts, Socket unix</c>. Of many, the first few.</summary>
    public string Describe()
    {
        IEnumerable<string> shown = _sources.Take(MostDescribed).Select(static source => Describe(source));
        int more = _sources.Count - MostDescribed;
        return string.Join(", ", shown) + (more > 0 ? $" and {more} more" : "");
    }

    /// <summary>How many there are.</summary>
    public override string ToString() => _sources.Count == 1 ? "1 descriptor" : $"{_sources.Count} descriptors";

    private static string Describe(DescriptorSource source)
    {
        using var lease = new HandleLease(source.Handle);
        using var descriptor = new FileDescriptor(lease.Fd, ownsHandle: false);
        return ShownText.Of($"{descriptor.Kind} {descriptor.Target}");
    }

    private static ArgumentException HoldsNone(object holder) => holder is Process
        ? new ArgumentException("A process holds no descriptor: send one of its standard streams, such as its StandardOutput.")
        : new ArgumentException(
            $"A {holder.GetType()} holds no descriptor. What does: a FileDescriptor, a number, a DescriptorInfo of this process, a " +
            "SafeHandle, a Socket, a stream, a path or a FileInfo, or an object with a SafeFileHandle, SafeHandle or Handle property.");

    private static void ThrowIfInUse(DescriptorSource source)
    {
        if (source.ReasonToKeep() is { } reason)
        {
            using var lease = new HandleLease(source.Handle);
            using var descriptor = new FileDescriptor(lease.Fd, ownsHandle: false);
            throw new DescriptorInUseException(lease.Fd, $"Descriptor {descriptor} {reason}: send it without -CloseAfterSend.");
        }
    }

    // What a stream's own Dispose throws can be anything: it is told when the rest is closed.
    private static Exception? Close(DescriptorSource source)
    {
        try
        {
            source.Close();
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }
}
