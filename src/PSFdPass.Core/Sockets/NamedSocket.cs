using PSFdPass.Interop;

namespace PSFdPass.Sockets;

/// <summary>A Unix-domain socket that can be found by its name, and what a person wants to know of it before connecting.</summary>
public sealed class NamedSocket
{
    private NamedSocket(string name, UnixSocketTable.Entry? entry, List<int>? processes)
    {
        Name = name;
        IsReachable = entry is not null;
        string holder = processes is null ? "" : ": " + string.Join(", ", processes.Order().Select(UnixSocketTable.Describe));
        Description = entry is { } socket
            ? $"{socket.Type switch
            {
                System.Net.Sockets.SocketType.Dgram => "Datagram",
                System.Net.Sockets.SocketType.Seqpacket => "SeqPacket",
                _ => "Stream",
            }}{holder}"
            : "nobody listens";
    }

    /// <summary>Its path, or its abstract name without the NUL in front.</summary>
    public string Name { get; }

    /// <summary>Whether somebody listens there, or receives datagrams, as far as the system's table tells.</summary>
    public bool IsReachable { get; }

    /// <summary>Its type and the processes that have it open, as far as this user may see: <c>Stream: pid 42 (pwsh)</c>.</summary>
    public string Description { get; }

    /// <summary>Those among some files that are sockets; those that somebody listens on first.</summary>
    /// <param name="paths">Absolute paths.</param>
    public static IReadOnlyList<NamedSocket> InFiles(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        List<string> files = [.. paths.Where(IsSocket)];
        var entries = new Dictionary<string, UnixSocketTable.Entry>();
        foreach (UnixSocketTable.Entry entry in files.Count > 0 ? UnixSocketTable.Read() : [])
        {
            if (entry.IsReachable)
            {
                entries[entry.Name] = entry;
            }
        }

        return Describe(files.Select(path => (path, entries.TryGetValue(path, out UnixSocketTable.Entry entry) ? entry : (UnixSocketTable.Entry?)null)));
    }

    /// <summary>The abstract names in use that begin with some text.</summary>
    public static IReadOnlyList<NamedSocket> Abstract(string prefix) => Describe(
        UnixSocketTable.Read()
            .Where(entry => entry.IsReachable && entry.Name.StartsWith("@" + prefix, StringComparison.Ordinal))
            .Select(entry => (entry.Name[1..], (UnixSocketTable.Entry?)entry)));

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    private static List<NamedSocket> Describe(IEnumerable<(string Name, UnixSocketTable.Entry? Entry)> sockets)
    {
        List<(string Name, UnixSocketTable.Entry? Entry)> found = [.. sockets];
        Dictionary<ulong, List<int>> holders = found.Exists(socket => socket.Entry is not null)
            ? UnixSocketTable.HoldersOf(found.Select(socket => socket.Entry?.Inode ?? 0))
            : [];
        return
        [
            .. found
                .Select(socket => new NamedSocket(
                    socket.Name, socket.Entry, socket.Entry is { } entry ? holders.GetValueOrDefault(entry.Inode) : null))
                .OrderByDescending(socket => socket.IsReachable)
                .ThenBy(socket => socket.Name, StringComparer.Ordinal),
        ];
    }

    private static bool IsSocket(string path) =>
        SysStat.TryGetStatusOfLink(path, out SysStat.FileStatus status) && status.Type == SysStat.S_IFSOCK;
}
