using Microsoft.Win32.SafeHandles;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// Owns the number of one descriptor, of whatever kind, and closes it with close(2) and nothing more: no shutdown of a
/// connection, no unlink of a socket's path, no release of a lock that somebody else relies on.
/// </summary>
public sealed class SafeDescriptorHandle : SafeHandleMinusOneIsInvalid
{
    private readonly int _born = DescriptorNumbers.Age;

    /// <summary>An invalid handle.</summary>
    public SafeDescriptorHandle()
        : base(ownsHandle: true)
    {
    }

    /// <summary>Holds a descriptor.</summary>
    /// <param name="fd">The descriptor's number.</param>
    /// <param name="ownsHandle">True to close it when this handle is released.</param>
    public SafeDescriptorHandle(int fd, bool ownsHandle)
        : base(ownsHandle) => SetHandle(fd);

    /// <summary>Whether the number was closed, or given another file, by its number alone: it is no longer this handle's.</summary>
    internal bool IsLost => DescriptorNumbers.IsLost((int)handle, _born);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => IsLost || Unistd.Close((int)handle) == 0;

    /// <summary>Gives up the ownership: the number is the caller's to close, and this handle is closed.</summary>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    internal int Detach()
    {
        lock (this)
        {
            ObjectDisposedException.ThrowIf(IsClosed || IsLost, this);
            int fd = (int)handle;
            SetHandleAsInvalid();
            return fd;
        }
    }
}
