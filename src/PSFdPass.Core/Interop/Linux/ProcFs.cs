using System.Globalization;

namespace PSFdPass.Interop;

/// <summary>The processes and their descriptors, from <c>/proc</c> (proc(5)). On Linux only.</summary>
internal static class ProcFs
{
    private const string SocketLink = "socket:[";

    /// <summary>The numbers of a process's open descriptors, in order.</summary>
    /// <exception cref="SystemCallException">
    /// ESRCH: there is no such process, or it is hidden. EACCES: this process may not look at that one.
    /// </exception>
    public static int[] DescriptorsOf(int process)
    {
        if (LinuxDirent.NumbersIn($"/proc/{process}/fd") is { } numbers)
        {
            return numbers;
        }

        throw Errno.Last is Errno.EACCES or Errno.EPERM
            ? SystemCallException.FromLast("opendir", $"the descriptors of process {process}")
            // It ended, before or while its descriptors were read.
            : NoSuchProcess(process);
    }

    /// <summary>The ids of all processes, in order; those that are hidden from this one are not among them.</summary>
    public static int[] Processes() => LinuxDirent.NumbersIn("/proc") ?? [];

    /// <summary>The inodes of a process's sockets; empty if it has ended, or may not be looked at.</summary>
    public static List<ulong> SocketsOf(int process)
    {
        var sockets = new List<ulong>();
        foreach (int fd in LinuxDirent.NumbersIn($"/proc/{process}/fd") ?? [])
        {
            if (Unistd.ReadLink(PathOf(process, fd)) is { } link && InodeOfSocket(link) is { } inode)
            {
                sockets.Add(inode);
            }
        }

        return sockets;
    }

    /// <summary>The inode in the link of a socket, <c>socket:[4711]</c>; null for anything else.</summary>
    public static ulong? InodeOfSocket(string link) =>
        link.StartsWith(SocketLink, StringComparison.Ordinal) &&
        ulong.TryParse(link.AsSpan(SocketLink.Length).TrimEnd(']'), NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode)
            ? inode
            : null;

    /// <summary>The name of a process's program, its first 15 bytes; null if it has ended.</summary>
    public static string? NameOf(int process) => TryRead($"/proc/{process}/comm")?.TrimEnd('\n');

    /// <summary>Where a descriptor of a process is.</summary>
    public static string PathOf(int process, int fd) => $"/proc/{process}/fd/{fd}";

    /// <summary>The text of a file that may vanish, or be somebody else's; null then.</summary>
    public static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether there is such a process, that this one may see.</summary>
    public static bool Exists(int process) => Directory.Exists($"/proc/{process}");

    /// <summary>The error for a process that is not there.</summary>
    public static SystemCallException NoSuchProcess(int process) => new("opendir", Errno.ESRCH, $"process {process}");
}
