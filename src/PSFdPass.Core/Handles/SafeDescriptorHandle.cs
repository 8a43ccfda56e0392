using Microsoft.Win32.SafeHandles;

namespace PSFdPass.Handles;

/// <summary>
/// Owns the number of a descriptor of any kind, and closes it with close(2) only: no connection is shut down, and no socket's path
/// is unlinked.
/// </summary>
/// <remarks>
/// Thread-safe. If two threads call <see cref="Detach"/> or Dispose at the same time, only one of these calls takes effect.
/// </remarks>
internal sealed class SafeDescriptorHandle : SafeHandleMinusOneIsInvalid
{
    private readonly int _generation = DescriptorNumbers.Generation;
    private volatile bool _isDisposed;
    private int _released;

    /// <summary>Initializes a new instance for a descriptor.</summary>
    /// <param name="fd">The descriptor's number.</param>
    /// <param name="ownsHandle">True to close the descriptor when this handle is released.</param>
    public SafeDescriptorHandle(int fd, bool ownsHandle)
        : base(ownsHandle) => SetHandle(fd);

    /// <summary>
    /// Occurs once, when the number is released or detached. Check <see cref="IsUsable"/> after adding a handler, because the
    /// event may have occurred just before.
    /// </summary>
    public event Action? Released;

    /// <summary>Gets a value indicating whether the number is open and still belongs to this handle.</summary>
    /// <remarks>
    /// The value is false as soon as Dispose has been called. SafeHandle.IsClosed, in contrast, becomes true only when no reference
    /// is left. Until then, SafeHandle allows new references, so threads that add them one after another would keep the number open
    /// indefinitely.
    /// </remarks>
    public bool IsUsable => !_isDisposed && !IsClosed && !IsStale;

    /// <summary>
    /// Gets a value indicating whether this library has closed or replaced the number without this handle. In that case, the number
    /// no longer belongs to this handle.
    /// </summary>
    public bool IsStale => DescriptorNumbers.IsStale((int)handle, _generation);

    /// <summary>
    /// Gives up ownership and returns the number, which the caller must close. Afterwards, this handle is closed.
    /// </summary>
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
