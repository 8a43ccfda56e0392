using System.Net.Sockets;
using PSFdPass.Interop;

namespace PSFdPass.Completion;

/// <summary>A Unix-domain socket that can be found by its name, with a description for completion.</summary>
public sealed class NamedSocket
{
    private NamedSocket(string name, UnixSocketEntry? entry)
    {
        Name = name;
        IsReachable = entry is not null;
        string type = entry?.Type switch
        {
            null => SR.SocketStale,
            SocketType.Dgram => "Datagram",
            SocketType.Seqpacket => "SeqPacket",
            _ => "Stream",
        };
        Description = entry?.ProcessId is { } id
            ? string.IsNullOrEmpty(entry.Command)
                ? SR.Format(SR.SocketOfProcess, type, id)
                : SR.Format(SR.SocketOfNamedProcess, type, id, ShownText.Of(entry.Command))
            : type;
    }

    /// <summary>Gets the path, or the abstract name without the leading NUL.</summary>
    public string Name { get; }

    /// <summary>Gets a value indicating whether a process listens or receives datagrams on the socket.</summary>
    public bool IsReachable { get; }

    /// <summary>Gets the type of the socket, and the process that has it: <c>Stream: pid 42 (pwsh)</c>.</summary>
    public string Description { get; }

    /// <summary>Returns those files that are sockets. Sockets on which a process listens come first.</summary>
    /// <param name="paths">Absolute paths.</param>
    public static IReadOnlyList<NamedSocket> InFiles(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        List<string> files = [.. paths.Where(IsSocket)];
        var inspector = new DescriptorInspector();
        return Sorted(files.Select(path => new NamedSocket(path, inspector.FindUnixSocket(UnixSocketAddress.FromPath(path)))));
    }

    /// <summary>Returns the abstract names in use that begin with a prefix.</summary>
    public static IReadOnlyList<NamedSocket> Abstract(string prefix) => Sorted(
        new DescriptorInspector().ListUnixSockets()
            .Where(entry => entry.IsAbstract && entry.Name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(entry => new NamedSocket(entry.Name, entry)));

    /// <summary>Returns the name.</summary>
    public override string ToString() => Name;

    private static List<NamedSocket> Sorted(IEnumerable<NamedSocket> sockets) =>
        [.. sockets.OrderByDescending(socket => socket.IsReachable).ThenBy(socket => socket.Name, StringComparer.Ordinal)];

    private static bool IsSocket(string path) =>
        SysStat.TryGetStatusOfLink(path, out SysStat.FileStatus status) && status.Type == SysStat.S_IFSOCK;
}
