using System.Runtime.InteropServices;

namespace PSFdPass.Handles;

/// <summary>
/// Keeps a handle from being released during one system call. Without the lease, a finalizer or another thread could close the
/// descriptor during the call, and its number could then refer to another file. A lease is never held while waiting.
/// </summary>
internal ref struct HandleLease
{
    private readonly SafeHandle _handle;
    private bool _held;

    /// <summary>Adds a reference to a handle, until <see cref="Dispose"/> is called.</summary>
    /// <exception cref="ObjectDisposedException">Thrown when the handle is closed.</exception>
    public HandleLease(SafeHandle handle)
    {
        _handle = handle;
        if (!handle.IsClosed)
        {
            handle.DangerousAddRef(ref _held);
        }

        if (!_held || handle is SafeDescriptorHandle { IsUsable: false })
        {
            Dispose();
            throw new ObjectDisposedException(null, SR.DescriptorClosed);
        }
    }

    /// <summary>Gets the descriptor's number, which is valid until <see cref="Dispose"/>.</summary>
    public readonly int Fd => (int)_handle.DangerousGetHandle();

    /// <summary>Releases the reference.</summary>
    public void Dispose()
    {
        if (_held)
        {
            _held = false;
            _handle.DangerousRelease();
        }
    }
}
