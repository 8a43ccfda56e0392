using System.Runtime.InteropServices;

namespace PSFdPass.Handles;

/// <summary>
/// Keeps a handle from being released while its number is in use: without that, a finalizer or another thread could close the
/// descriptor under a system call, and the number could by then belong to another file.
/// </summary>
internal ref struct HandleLease
{
    private readonly SafeHandle _handle;
    private bool _held;

    /// <summary>Takes a reference, until <see cref="Dispose"/>.</summary>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    public HandleLease(SafeHandle handle)
    {
        _handle = handle;
        handle.DangerousAddRef(ref _held);
    }

    /// <summary>The descriptor's number; valid until <see cref="Dispose"/>.</summary>
    public readonly int Fd => (int)_handle.DangerousGetHandle();

    /// <summary>Gives the reference back.</summary>
    public void Dispose()
    {
        if (_held)
        {
            _held = false;
            _handle.DangerousRelease();
        }
    }
}
