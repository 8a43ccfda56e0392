using System.Net.Sockets;
using System.Text;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Sockets;

namespace PSFdPass.Inspection;

/// <summary>
/// Lists the Unix-domain sockets of this network namespace that have a name and listen or receive datagrams. Supported only on
/// Linux.
/// </summary>
internal static class NamedSocketList
{
    /// <summary>Returns the sockets, or none when the system does not list them.</summary>
    /// <param name="holders">Finds the process of each socket.</param>
    public static List<UnixSocketEntry> Read(SocketHolders holders)
    {
        var entries = new List<UnixSocketEntry>();
        var names = new Dictionary<int, string?>();
        foreach (LinuxUnixDiag.Row row in UnixSocketList.Read() ?? [])
        {
            // An accepted connection also has the name of its listener, but is in another state.
            if (row.Name is not { Length: > 0 } name || (row.State != LinuxUnixDiag.TCP_LISTEN && row.Type != Constants.SOCK_DGRAM) ||
                SocketTypes.FromNumber(row.Type) is not { } type)
            {
                continue;
            }

            int? process = holders.Find(row.Inode);
            string? command = null;
            if (process is { } id && !names.TryGetValue(id, out command))
            {
                names.Add(id, command = ProcessNames.Of(id));
            }

            bool isAbstract = name[0] == 0;
            entries.Add(new UnixSocketEntry
            {
                Name = isAbstract ? Encoding.UTF8.GetString(name, 1, name.Length - 1) : UnixSocketNames.TextOf(name),
                IsAbstract = isAbstract,
                Type = type,
                Inode = row.Inode,
                ProcessId = process,
                Command = command,
                File = row.File,
            });
        }

        return entries;
    }

    /// <summary>
    /// Returns the socket at an address; null when there is none. A path is matched by its file, regardless of the path that the socket
    /// was bound to.
    /// </summary>
    public static UnixSocketEntry? Find(UnixSocketAddress address, IEnumerable<UnixSocketEntry> entries)
    {
        if (address.AbsolutePath is not { } path)
        {
            return entries.FirstOrDefault(entry => entry.IsAbstract && entry.Name == address.Name);
        }

        int fd = Fcntl.Open(path, Constants.Current.O_PATH | Constants.Current.O_CLOEXEC);
        if (fd < 0)
        {
            return null;
        }

        using var handle = new SafeDescriptorHandle(fd, ownsHandle: true);
        return SocketFile.Find(path) is { } file && SocketFile.MountedDevice(fd) is var device
            ? entries.FirstOrDefault(entry => file.IsFileOf(entry.File, device))
            : null;
    }
}
