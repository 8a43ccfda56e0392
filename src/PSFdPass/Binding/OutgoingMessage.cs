using System.Diagnostics;
using System.Management.Automation;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass.Binding;

/// <summary>
/// The descriptors of one message, collected from the objects that hold them. Files that are named by path are opened by
/// <see cref="Open"/> and closed by <see cref="Clear"/>; all other descriptors remain open and still belong to their objects.
/// </summary>
internal sealed class OutgoingMessage
{
    private const int MostDescribed = 8;

    private readonly Func<string, string> _resolvePath;
    private readonly FileAccess _access;
    private readonly bool _closeAfterSend;

    // For each descriptor, either the path to open or the object that holds it.
    private readonly List<(string? Path, DescriptorSource? Source)> _items = [];
    private readonly List<SafeHandle> _handles = [];
    private readonly List<FileDescriptor> _opened = [];
    private byte[]? _data;

    /// <summary>Creates an empty message.</summary>
    /// <param name="resolvePath">Makes a path absolute.</param>
    /// <param name="access">The access with which files that are named by path are opened.</param>
    /// <param name="closeAfterSend">
    /// True if <see cref="CloseHolders"/> will be called, so that descriptors that must not be closed are refused when they are added.
    /// </param>
    public OutgoingMessage(Func<string, string> resolvePath, FileAccess access, bool closeAfterSend)
    {
        _resolvePath = resolvePath;
        _access = access;
        _closeAfterSend = closeAfterSend;
    }

    /// <summary>Gets a value indicating whether there is nothing to send.</summary>
    public bool IsEmpty => _items.Count == 0 && _data is null;

    /// <summary>
    /// Adds the descriptor that an object holds (see <see cref="DescriptorSource.Find"/>), the path of a file to open, or the descriptors
    /// and the data of a <see cref="ReceivedMessage"/>.
    /// </summary>
    /// <exception cref="ArgumentException">Thrown when the object does not hold a descriptor, or describes one of another process.</exception>
    /// <exception cref="DescriptorInUseException">
    /// Thrown when the descriptor would be closed after sending, but is a standard stream or belongs to the .NET runtime.
    /// </exception>
    /// <exception cref="SystemCallException">Thrown when a number is not open (EBADF).</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the object is closed.</exception>
    public void Add(object value)
    {
        object holder = value is PSObject wrapped ? wrapped.BaseObject : value;
        switch (holder)
        {
            case ReceivedMessage message:
                foreach (FileDescriptor descriptor in message.Descriptors)
                {
                    Add(descriptor);
                }

                _data = _data is null ? message.Data : [.. _data, .. message.Data];
                return;

            case string or FileSystemInfo:
                _items.Add((PathOf(holder), null));
                return;
        }

        DescriptorSource source = DescriptorSource.Find(value) ?? throw HoldsNone(holder);
        if (_closeAfterSend && source.ReasonToKeep() is { } reason)
        {
            throw new DescriptorInUseException(
                (int)source.Handle.DangerousGetHandle(), SR.Format(SR.SendKeepsDescriptor, reason));
        }

        _items.Add((null, source));
    }

    /// <summary>
    /// Opens the files that were named by path. To open a FIFO, the method waits until another process opens the other end.
    /// </summary>
    /// <param name="timeout">The time limit for opening all files.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>The time that is left.</returns>
    /// <exception cref="SystemCallException">Thrown when a file can't be opened: ENOENT, EACCES and so on.</exception>
    /// <exception cref="TimeoutException">Thrown when the other end of a FIFO was not opened in time.</exception>
    public TimeSpan Open(TimeSpan timeout, CancellationToken cancellationToken)
    {
        TimeSpan left = timeout;
        foreach ((string? path, DescriptorSource? source) in _items)
        {
            if (path is null)
            {
                _handles.Add(source!.Handle);
                continue;
            }

            long start = Stopwatch.GetTimestamp();
            var file = FileDescriptor.Open(path, new FileOpenOptions { Access = _access }, left, cancellationToken);
            _opened.Add(file);
            _handles.Add(file.SafeHandle);
            if (timeout != Timeout.InfiniteTimeSpan)
            {
                left -= Stopwatch.GetElapsedTime(start);
                left = left < TimeSpan.Zero ? TimeSpan.Zero : left;
            }
        }

        return left;
    }

    /// <summary>Sends the descriptors, after <see cref="Open"/>.</summary>
    /// <param name="socket">A connected Unix-domain socket.</param>
    /// <param name="data">
    /// The data to send with the descriptors; null to send the data of the messages that were added. If there is no data at all, one byte
    /// is sent: the number of descriptors modulo 256.
    /// </param>
    /// <param name="timeout">The time to wait for space in the receiver's queue.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public void Send(SafeHandle socket, byte[]? data, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ReadOnlySpan<SafeHandle> handles = CollectionsMarshal.AsSpan(_handles);
        data ??= _data;
        if (data is null)
        {
            DescriptorSender.Send(socket, handles, timeout, cancellationToken);
        }
        else
        {
            DescriptorSender.Send(socket, data, handles, timeout, cancellationToken);
        }
    }

    /// <summary>
    /// Closes the descriptors of the objects that were added, as close(2) does (see <see cref="DescriptorSource.Close"/>). If closing one
    /// fails, the others are still closed, and the first exception is thrown at the end.
    /// </summary>
    public void CloseHolders()
    {
        // Descriptors that were passed as numbers are closed last, and each number only once, because a number that was already closed may
        // have been reused.
        var closed = new HashSet<int>();
        Exception? failure = null;
        List<(DescriptorSource Source, int Fd)> sources =
            [.. from item in _items where item.Source is not null select (item.Source, (int)item.Source.Handle.DangerousGetHandle())];
        foreach ((DescriptorSource source, int fd) in sources.OrderBy(static item => item.Source.IsNumber))
        {
            if (closed.Add(fd) || !source.IsNumber)
            {
                try
                {
                    source.Close();
                }
                catch (Exception exception)
                {
                    // The Dispose method of a stream can throw any exception.
                    failure ??= exception;
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
        FileDescriptor.DisposeAll(CollectionsMarshal.AsSpan(_opened));
        _opened.Clear();
        _handles.Clear();
        _items.Clear();
        _data = null;
    }

    /// <summary>
    /// Returns the descriptors by kind and target: <c>File /etc/hosts, Socket unix</c>. If there are many, only the first few are returned.
    /// </summary>
    public string Describe()
    {
        IEnumerable<string> shown = _items.Take(MostDescribed).Select(static item => Describe(item.Path, item.Source));
        int more = _items.Count - MostDescribed;
        string text = string.Join(", ", shown);
        return more > 0 ? SR.Format(SR.AndMore, text, more)
            : text.Length > 0 ? text
            : Quantity.OfBytes(_data?.Length ?? 0);
    }

    private static string Describe(string? path, DescriptorSource? source)
    {
        if (path is not null)
        {
            return ShownText.Of(SR.Format(SR.FileAtPath, path));
        }

        // The number is omitted, because the descriptor has another number in the receiver.
        string text = source!.Describe();
        return text[(text.IndexOf(' ') + 1)..];
    }

    private string PathOf(object holder) => holder switch
    {
        "" => throw new ArgumentException(SR.PathEmpty),
        FileSystemInfo info => info.FullName,
        _ => _resolvePath((string)holder),
    };

    private static ArgumentException HoldsNone(object holder) => holder is Process
        ? new ArgumentException(SR.ProcessHoldsNoDescriptor)
        : new ArgumentException(SR.Format(SR.HoldsNothingToSend, holder.GetType()));
}
