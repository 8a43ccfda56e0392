using System.Runtime.InteropServices;
using System.Text;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/xattr.h&gt;</c>: reads the protocol name of a socket. On Linux only.</summary>
internal static unsafe partial class SysXattr
{
    /// <summary>
    /// Returns the protocol of the socket behind a link in <c>/proc/…/fd</c>, such as <c>TCP</c>, <c>UDPv6</c>, <c>UNIX-STREAM</c>
    /// or <c>NETLINK</c>. Returns null if the descriptor is not a socket or has been closed.
    /// </summary>
    public static string? ProtocolOfSocket(string path)
    {
        const int Room = 64;
        byte* value = stackalloc byte[Room];
        nint length = GetXAttr(path, "system.sockprotoname", value, Room);
        return length <= 0 ? null : Encoding.UTF8.GetString(value, (int)length).TrimEnd('\0');
    }

    [LibraryImport("libc", EntryPoint = "getxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetXAttr(string path, string name, byte* value, nuint size);
}
