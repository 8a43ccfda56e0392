using PSFdPass.Interop;

namespace PSFdPass.Inspection;

/// <summary>
/// Which process holds a socket, by its inode: found by looking through the descriptors of every process that this one may look
/// at (all of them for root, those of the same user otherwise). On Linux only.
/// </summary>
internal sealed class SocketHolders
{
    private readonly Dictionary<ulong, int> _holders = [];

    /// <summary>Looks, once.</summary>
    public SocketHolders()
    {
        foreach (int process in ProcFs.Processes())
        {
            foreach (ulong inode in ProcFs.SocketsOf(process))
            {
                // Several may share one: the first is most often the one that made it, and the others its children.
                _holders.TryAdd(inode, process);
            }
        }
    }

    /// <summary>The process with the lowest id of those that hold it; null if none was found.</summary>
    public int? Find(ulong inode) => _holders.TryGetValue(inode, out int process) ? process : null;
}
