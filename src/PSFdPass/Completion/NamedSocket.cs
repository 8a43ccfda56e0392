using System.Net.Sockets;
using PSFdPass.Inspection;
using PSFdPass.Interop;

namespace PSFdPass.Completion;

/// <summary>A Unix-domain socket that can be found by its name, and what a person wants to know of it before connecting.</summary>
public sealed class NamedSocket
{
    private NamedSocket(string name, UnixSocketTable.Entry? entry, int? process)
    {
        Name = name;
        IsReachable = entry is not null;
        string type = entry?.Type switch
        {
            null => "nobody listens",
            SocketType.Dgram => "Datagram",
            SocketType.Seqpacket => "SeqPacket",
            _ => "Stream",
        };
        Description = process is { } id ? $"{type}: {UnixSocketTable.Describe(id)}" : type;
    }

    /// <summary>Its path, or its abstract name without the NUL in front.</summary>
    public string Name { get; }

    /// <summary>Whether somebody listens there, or receives datagrams, as far as the system's table tells.</summary>
    public bool IsReachable { get; }

    /// <summary>Its type and the process that has it open, as far as this user may see: <c>Stream: pid 42 (pwsh)</c>.</summary>
    public string Description { get; }

    /// <summary>Those among some files that are sockets; those that somebody listens on first.</summary>
    /// <param name="paths">Absolute paths.</param>
    public static IReadOnlyList<NamedSocket> InFiles(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        List<string> files = [.. paths.Where(IsSocket)];
        ILookup<string, UnixSocketTable.Entry> table = (files.Count > 0 ? UnixSocketTable.Read() : []).ToLookup(entry => entry.Name);
        return Describe(files.Select(path => (path, table[path].Cast<UnixSocketTable.Entry?>().FirstOrDefault())));
    }

    /// <summary>The abstract names in use that begin with some text.</summary>
    public static IReadOnlyList<NamedSocket> Abstract(string prefix) => Describe(
        UnixSocketTable.Read()
            .Where(entry => entry.Name.StartsWith("@" + prefix, StringComparison.Ordinal))
            .Select(entry => (entry.Name[1..], (UnixSocketTable.Entry?)entry)));

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    private static List<NamedSocket> Describe(IEnumerable<(string Name, UnixSocketTable.Entry? Entry)> sockets)
    {
        // Looking through the processes takes its time, and is only done when there is a socket to find.
        var holders = new Lazy<SocketHolders>();
        return
        [
            .. sockets
                .Select(socket => new NamedSocket(
                    socket.Name, socket.Entry, socket.Entry is { } entry ? holders.Value.Find(entry.Inode) : null))
                .OrderByDescending(socket => socket.IsReachable)
                .ThenBy(socket => socket.Name, StringComparer.Ordinal),
        ];
    }

    private static bool IsSocket(string path) =>
        SysStat.TryGetStatusOfLink(path, out SysStat.FileStatus status) && status.Type == SysStat.S_IFSOCK;
}
