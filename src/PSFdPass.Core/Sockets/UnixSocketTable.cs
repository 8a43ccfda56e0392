using System.Globalization;
using System.Net.Sockets;
using PSFdPass.Descriptors;

namespace PSFdPass.Sockets;

/// <summary>The Unix-domain sockets of this machine (of this network namespace) that have a name: <c>/proc/net/unix</c>, on Linux.</summary>
internal static class UnixSocketTable
{
    private const int AcceptsConnections = 0x10000;

    /// <summary>One socket.</summary>
    /// <param name="Name">Its path as it was bound, or <c>@name</c>.</param>
    /// <param name="Type">Its type.</param>
    /// <param name="IsListening">Whether it listens.</param>
    /// <param name="Inode">Its number, which a link in <c>/proc/…/fd</c> shows as <c>socket:[number]</c>.</param>
    public readonly record struct Entry(string Name, SocketType Type, bool IsListening, ulong Inode)
    {
        /// <summary>Whether something can be sent there: accepted connections have their listener's name too.</summary>
        public bool IsReachable => IsListening || Type == SocketType.Dgram;
    }

    /// <summary>All of them; empty where the system has no such table.</summary>
    public static List<Entry> Read()
    {
        var entries = new List<Entry>();
        try
        {
            foreach (string line in OperatingSystem.IsLinux() ? File.ReadLines("/proc/net/unix") : [])
            {
                if (Parse(line) is { } entry)
                {
                    entries.Add(entry);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A process may be kept from /proc: then there is nothing to tell.
        }

        return entries;
    }

    /// <summary>The socket that answers at an address; null when there is none, or its path was bound as a relative one.</summary>
    public static Entry? Find(UnixSocketAddress address)
    {
        string name = address.ToString();
        foreach (Entry entry in Read())
        {
            if (entry.IsReachable && entry.Name == name)
            {
                return entry;
            }
        }

        return null;
    }

    /// <summary>
    /// The processes that have each of these sockets open, as far as this user may see: by the links in <c>/proc/…/fd</c>.
    /// </summary>
    public static Dictionary<ulong, List<int>> HoldersOf(IEnumerable<ulong> inodes)
    {
        var wanted = inodes.ToHashSet();
        var holders = new Dictionary<ulong, List<int>>();
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int process))
            {
                continue;
            }

            foreach (ulong inode in SocketsOf(directory))
            {
                if (wanted.Contains(inode))
                {
                    (holders.TryGetValue(inode, out List<int>? processes) ? processes : holders[inode] = []).Add(process);
                }
            }
        }

        return holders;
    }

    /// <summary>
    /// Who has the socket at an address open: <c>pid 42 (pwsh)</c>, or several. Null when there is none, or this user may not
    /// see whose it is.
    /// </summary>
    public static string? HolderAt(UnixSocketAddress address)
    {
        if (Find(address) is not { } entry || !HoldersOf([entry.Inode]).TryGetValue(entry.Inode, out List<int>? processes))
        {
            return null;
        }

        return string.Join(", ", processes.Order().Select(Describe));
    }

    /// <summary>A process by number and name: <c>pid 42 (pwsh)</c>.</summary>
    public static string Describe(int process) =>
        ProcessNames.Of(process) is { Length: > 0 } name ? $"pid {process} ({name})" : $"pid {process}";

    /// <summary>Reads one line: Num, RefCount, Protocol, Flags, Type, St, Inode, and what is left is the name.</summary>
    internal static Entry? Parse(string line)
    {
        string[] fields = line.Split(' ', 8, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 8 ||
            !int.TryParse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out int flags) ||
            !int.TryParse(fields[4], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out int type) ||
            !ulong.TryParse(fields[6], NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode))
        {
            return null;
        }

        return UnixSocketType.FromNumber(type) is { } known
            ? new Entry(fields[7], known, (flags & AcceptsConnections) != 0, inode)
            : null;
    }

    private static HashSet<ulong> SocketsOf(string process)
    {
        const string Prefix = "socket:[";
        var inodes = new HashSet<ulong>();
        try
        {
            foreach (string link in Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd")))
            {
                string? target = new FileInfo(link).LinkTarget;
                if (target is not null && target.StartsWith(Prefix, StringComparison.Ordinal) &&
                    ulong.TryParse(target.AsSpan(Prefix.Length, target.Length - Prefix.Length - 1), out ulong inode))
                {
                    inodes.Add(inode);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Another user's process, or one that has just ended.
        }

        return inodes;
    }
}
