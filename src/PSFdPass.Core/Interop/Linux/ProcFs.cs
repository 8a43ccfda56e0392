using System.Globalization;

namespace PSFdPass.Interop;

/// <summary>Files and links of <c>/proc</c> (proc(5)). On Linux only.</summary>
internal static class ProcFs
{
    private const string SocketLink = "socket:[";

    /// <summary>Returns the inode in the link of a socket, <c>socket:[4711]</c>; null for the link of anything else.</summary>
    public static ulong? InodeOfSocket(ReadOnlySpan<char> link) =>
        link.StartsWith(SocketLink, StringComparison.Ordinal) &&
        ulong.TryParse(link[SocketLink.Length..].TrimEnd(']'), NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode)
            ? inode
            : null;

    /// <summary>Returns the first 15 bytes of the name of the program that a process runs; null when the process has ended.</summary>
    public static string? NameOf(int process) => TryRead($"/proc/{process}/comm")?.TrimEnd('\n');

    /// <summary>Returns the path of a descriptor of a process.</summary>
    public static string PathOf(int process, int fd) => $"/proc/{process}/fd/{fd}";

    /// <summary>Returns the text of a file; null when it does not exist or may not be read.</summary>
    public static string? TryRead(string path) => TryReadBytes(path) is { } bytes ? System.Text.Encoding.UTF8.GetString(bytes) : null;

    /// <summary>Returns the bytes of a file; null when it does not exist or may not be read.</summary>
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
