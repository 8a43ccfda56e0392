using System.Globalization;

namespace PSFdPass.Interop;

/// <summary>Reads files and links in <c>/proc</c> (proc(5)). On Linux only.</summary>
internal static class ProcFs
{
    private const string SocketLink = "socket:[";

    /// <summary>
    /// Returns the inode in the link target of a socket, such as <c>socket:[4711]</c>, or null if the target is not a socket.
    /// </summary>
    public static ulong? InodeOfSocket(ReadOnlySpan<char> link) =>
        link.StartsWith(SocketLink, StringComparison.Ordinal) &&
        ulong.TryParse(link[SocketLink.Length..].TrimEnd(']'), NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode)
            ? inode
            : null;

    /// <summary>
    /// Returns the first 15 bytes of the name of the program that a process runs, or null if the process has ended.
    /// </summary>
    public static string? NameOf(int process) => TryRead($"/proc/{process}/comm")?.TrimEnd('\n');

    /// <summary>Returns the path in <c>/proc</c> of a process's descriptor.</summary>
    public static string PathOf(int process, int fd) => $"/proc/{process}/fd/{fd}";

    /// <summary>Returns the text of a file, or null if it does not exist or can't be read.</summary>
    public static string? TryRead(string path) => TryReadBytes(path) is { } bytes ? System.Text.Encoding.UTF8.GetString(bytes) : null;

    /// <summary>Returns the bytes of a file, or null if it does not exist or can't be read.</summary>
    public static byte[]? TryReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
