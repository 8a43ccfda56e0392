using System.Buffers;
using System.Runtime.InteropServices;

namespace PSFdPass.Handles;

/// <summary>Keeps many handles from being released while their numbers are in use.</summary>
/// <seealso cref="HandleLease"/>
internal ref struct HandleLeases
{
    private readonly ReadOnlySpan<SafeHandle> _handles;
    private readonly Span<int> _fds;
    private readonly int[]? _rented;
    private int _held;

    /// <summary>
    /// Adds a reference to each handle, until <see cref="Dispose"/> is called. If one of the handles is closed, no reference
    /// remains.
    /// </summary>
    /// <param name="handles">The handles whose numbers are needed.</param>
    /// <param name="room">The memory for the numbers. If it is too small, an array is rented.</param>
    /// <exception cref="ObjectDisposedException">Thrown when a handle is closed.</exception>
    public HandleLeases(ReadOnlySpan<SafeHandle> handles, Span<int> room)
    {
        _handles = handles;
        _rented = handles.Length > room.Length ? ArrayPool<int>.Shared.Rent(handles.Length) : null;
        _fds = (_rented ?? room)[..handles.Length];
        try
        {
            foreach (SafeHandle handle in handles)
            {
                bool held = false;
                handle.DangerousAddRef(ref held);
                _fds[_held++] = (int)handle.DangerousGetHandle();
                if (handle is SafeDescriptorHandle { IsUsable: false })
                {
                    throw new ObjectDisposedException(null, SR.DescriptorOfListClosed);
                }
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Gets the descriptors' numbers, in the order of the handles. They are valid until <see cref="Dispose"/>.</summary>
    public readonly ReadOnlySpan<int> Fds => _fds;

    /// <summary>Releases the references.</summary>
    public void Dispose()
    {
        for (; _held > 0; _held--)
        {
            _handles[_held - 1].DangerousRelease();
        }

        if (_rented is not null)
        {
            ArrayPool<int>.Shared.Return(_rented);
        }
    }
}
