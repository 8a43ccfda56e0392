using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Inspection;

/// <summary>
/// The Unix-domain sockets of this network namespace at which something can be sent, by their names. Empty where the system has
/// no such table: only Linux does (<c>/proc/net/unix</c>).
/// </summary>
internal static class UnixSocketTable
{
    /// <summary>One socket.</summary>
    /// <param name="Name">Its path as it was bound, or <c>@name</c>.</param>
    /// <param name="Type">Its type.</param>
    /// <param name="Inode">Its number, by which the process that has it is found.</param>
    public readonly record struct Entry(string Name, SocketType Type, ulong Inode);

    /// <summary>Those that listen, and the datagram sockets. Accepted connections have their listener's name, and are none of them.</summary>
    public static List<Entry> Read()
    {
        var sockets = new Dictionary<ulong, SocketDescription>();
        ProcNet.ParseUnix(OperatingSystem.IsLinux() ? ProcFs.TryRead("/proc/net/unix") : null, sockets);
        var entries = new List<Entry>();
        foreach ((ulong inode, SocketDescription socket) in sockets)
        {
            if (socket is { Local: { } name, Type: { } type } && (socket.State == SocketState.Listening || type == SocketType.Dgram))
            {
                entries.Add(new Entry(name.ToString()!, type, inode));
            }
        }

        return entries;
    }

    /// <summary>
    /// The socket that answers at an address; null when there is none, or when the address or what was bound is a relative path:
    /// the table has each as it was bound, and does not say in which folder that was.
    /// </summary>
    public static Entry? Find(UnixSocketAddress address)
    {
        if (!address.IsAbstract && !Path.IsPathRooted(address.Name))
        {
            return null;
        }

        string name = address.ToString();
        foreach (Entry entry in Read())
        {
            if (entry.Name == name)
            {
                return entry;
            }
        }

        return null;
    }

    /// <summary>
    /// The process that has the socket at an address: <c>pid 42 (pwsh)</c>. Null when there is none, or this user may not see
    /// whose it is.
    /// </summary>
    public static string? HolderAt(UnixSocketAddress address) =>
        Find(address) is { } entry && new SocketHolders().Find(entry.Inode) is { } process ? Describe(process) : null;

    /// <summary>A process by number and name: <c>pid 42 (pwsh)</c>.</summary>
    public static string Describe(int process) =>
        ProcessNames.Of(process) is { Length: > 0 } name ? $"pid {process} ({ShownText.Of(name)})" : $"pid {process}";
}
