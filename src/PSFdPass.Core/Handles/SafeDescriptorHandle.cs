using Microsoft.Win32.SafeHandles;

namespace PSFdPass.Handles;

/// <summary>
/// Owns the number of one descriptor of any kind and closes it with close(2) and nothing more: no shutdown of a connection and no
/// unlink of a socket's path.
/// </summary>
/// <remarks>Thread-safe. Of a <see cref="Detach"/> and a Dispose on two threads, exactly one gets the number.</remarks>
internal sealed class SafeDescriptorHandle : SafeHandleMinusOneIsInvalid
{
    private readonly int _generation = DescriptorNumbers.Generation;
    private volatile bool _isDisposed;
    private int _released;

    /// <summary>Holds a descriptor.</summary>
    /// <param name="fd">The descriptor's number.</param>
    /// <param name="ownsHandle">True to close it when this handle is released.</param>
    public SafeDescriptorHandle(int fd, bool ownsHandle)
        : base(ownsHandle) => SetHandle(fd);

    /// <summary>
    /// Occurs once, when the number is released or detached. A handler must check <see cref="IsUsable"/> after it was added, because
    /// the event may have occurred just before.
    /// </summary>
    public event Action? Released;

    /// <summary>Gets a value indicating whether the number is open and still belongs to this handle.</summary>
    /// <remarks>
    /// False from the moment when Dispose is called. SafeHandle.IsClosed becomes true only when no reference is left, and until then
    /// SafeHandle gives out further ones: threads that take references one after the other would keep the number open indefinitely.
    /// </remarks>
    public bool IsUsable => !_isDisposed && !IsClosed && !IsStale;

    /// <summary>
    /// Gets a value indicating whether the number was closed, or given another file, by its number alone. It then no longer belongs to
    /// this handle.
    /// </summary>
    public bool IsStale => DescriptorNumbers.IsStale((int)handle, _generation);

    /// <summary>Gives up the ownership: the caller must close the number, and this handle is closed.</summary>
    /// <exception cref="ObjectDisposedException">Thrown when the handle is closed.</exception>
    public int Detach()
    {
        ObjectDisposedException.ThrowIf(!IsUsable || Interlocked.Exchange(ref _released, 1) != 0, this);
        int fd = (int)handle;
        SetHandleAsInvalid();
        Released?.Invoke();
        return fd;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _isDisposed = true;
        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        bool closed = Interlocked.Exchange(ref _released, 1) != 0 || IsStale || ClosingBatch.TryAdd((int)handle) || Closing.Close((int)handle);
        Released?.Invoke();
        return closed;
    }
}
