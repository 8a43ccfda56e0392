using System.Buffers;
using System.Runtime.InteropServices;

namespace PSFdPass.Descriptors;

/// <summary>Keeps many handles from being released while their numbers are in use.</summary>
/// <seealso cref="HandleLease"/>
internal ref struct HandleLeases
{
    private readonly ReadOnlySpan<SafeHandle> _handles;
    private readonly int[] _fds;
    private int _held;

    /// <summary>Takes a reference of each handle, until <see cref="Dispose"/>; of none, if one of them is closed.</summary>
    /// <exception cref="ObjectDisposedException">A handle is closed.</exception>
    public HandleLeases(ReadOnlySpan<SafeHandle> handles)
    {
        _handles = handles;
        _fds = ArrayPool<int>.Shared.Rent(handles.Length);
        try
        {
            foreach (SafeHandle handle in handles)
            {
                bool held = false;
                handle.DangerousAddRef(ref held);
                _fds[_held++] = (int)handle.DangerousGetHandle();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The descriptors' numbers, in order; valid until <see cref="Dispose"/>.</summary>
    public readonly ReadOnlySpan<int> Fds => _fds.AsSpan(0, _handles.Length);

    /// <summary>Gives the references back.</summary>
    public void Dispose()
    {
        for (; _held > 0; _held--)
        {
            _handles[_held - 1].DangerousRelease();
        }

        ArrayPool<int>.Shared.Return(_fds);
    }
}
