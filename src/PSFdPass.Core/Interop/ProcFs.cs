using System.Globalization;
using System.IO.Enumeration;

namespace PSFdPass.Interop;

/// <summary>The processes and their descriptors, from <c>/proc</c> (proc(5)). On Linux only.</summary>
internal static class ProcFs
{
    private const string SocketLink = "socket:[";

    // .NET would skip what it takes for hidden, and for that look at each target.
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    /// <summary>The numbers of a process's open descriptors, in order.</summary>
    /// <exception cref="SystemCallException">
    /// ESRCH: there is no such process, or it is hidden. EACCES: this process may not look at that one.
    /// </exception>
    public static int[] DescriptorsOf(int process)
    {
        try
        {
            return NumbersIn($"/proc/{process}/fd");
        }
        catch (UnauthorizedAccessException)
        {
            throw new SystemCallException("opendir", Errno.EACCES, $"the descriptors of process {process}");
        }
        catch (IOException)
        {
            // It ended, before or while its descriptors were read.
            throw NoSuchProcess(process);
        }
    }

    /// <summary>The ids of all processes, in order; those that are hidden from this one are not among them.</summary>
    public static int[] Processes() => NumbersIn("/proc");

    /// <summary>The inodes of a process's sockets; empty if it has ended, or may not be looked at.</summary>
    public static List<ulong> SocketsOf(int process)
    {
        var sockets = new List<ulong>();
        try
        {
            foreach (int fd in NumbersIn($"/proc/{process}/fd"))
            {
                if (Unistd.ReadLink(PathOf(process, fd)) is { } link && InodeOfSocket(link) is { } inode)
                {
                    sockets.Add(inode);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What can't be seen has nothing to tell.
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

    private static int[] NumbersIn(string directory)
    {
        var entries = new FileSystemEnumerable<int>(
            directory,
            static (ref FileSystemEntry entry) =>
                int.TryParse(entry.FileName, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1,
            Everything);
        int[] numbers = [.. entries.Where(number => number >= 0)];
        Array.Sort(numbers);
        return numbers;
    }
}
