using Microsoft.Win32.SafeHandles;
using PSFdPass.Interop;

namespace PSFdPass.Descriptors;

/// <summary>
/// Owns the number of one descriptor, of whatever kind, and closes it with close(2) and nothing more: no shutdown of a
/// connection, no unlink of a socket's path, no release of a lock that somebody else relies on.
/// </summary>
public sealed class SafeDescriptorHandle : SafeHandleMinusOneIsInvalid
{
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

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Unistd.Close((int)handle) == 0;

    /// <summary>Gives up the ownership: the number is the caller's to close, and this handle is closed.</summary>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    internal int Detach()
    {
        lock (this)
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            int fd = (int)handle;
            SetHandleAsInvalid();
            return fd;
        }
    }
}
