using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Inspection;

/// <summary>
/// Finds the process that has a socket, given the inode of the socket. It searches the descriptors of every process that this
/// process may inspect: all processes for root, otherwise those of the same user. Supported only on Linux.
/// </summary>
internal sealed class SocketHolders
{
    private readonly Dictionary<ulong, int> _holders = [];

    /// <summary>Reads the descriptors of all processes, once.</summary>
    public SocketHolders()
    {
        foreach (int process in OperatingSystem.IsLinux() ? ProcDirectory.Processes() : [])
        {
            foreach (ulong inode in SocketsOf(process))
            {
                // Several processes may share a socket. The process with the lowest ID usually created it, and the others are its
                // children.
                _holders.TryAdd(inode, process);
            }
        }
    }

    /// <summary>Returns the inodes of a process's sockets, or none when the process has ended or may not be inspected.</summary>
    public static List<ulong> SocketsOf(int process)
    {
        var sockets = new List<ulong>();
        if (ProcDirectory.TryDescriptorsOf(process) is not { } numbers)
        {
            return sockets;
        }

        using var descriptors = new ProcDescriptors(process);
        foreach (int fd in numbers)
        {
            if (descriptors.ReadLink(fd) is { } link && ProcFs.InodeOfSocket(link) is { } inode)
            {
                sockets.Add(inode);
            }
        }

        return sockets;
    }

    /// <summary>Returns the process with the lowest ID among those that have a socket; null when none was found.</summary>
    public int? Find(ulong inode) => _holders.TryGetValue(inode, out int process) ? process : null;
}
