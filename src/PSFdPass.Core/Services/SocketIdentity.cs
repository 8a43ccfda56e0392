using PSFdPass.Interop;

namespace PSFdPass.Services;

/// <summary>The device and inode of a socket file, which distinguish the file from a later one at the same path.</summary>
internal readonly record struct SocketIdentity(ulong Device, ulong Inode)
{
    /// <summary>
    /// Returns the identity of the file at an address, or null if the address is an abstract name or the file does not exist.
    /// </summary>
    public static SocketIdentity? Of(UnixSocketAddress address) =>
        !address.IsAbstract && SysStat.TryGetStatusOfLink(address.Name, out SysStat.FileStatus status)
            ? new SocketIdentity(status.Device, status.Inode)
            : null;

    /// <summary>Removes the file at an address if it still has this identity.</summary>
    public void Remove(UnixSocketAddress address)
    {
        if (Of(address) == this)
        {
            File.Delete(address.Name);
        }
    }
}
