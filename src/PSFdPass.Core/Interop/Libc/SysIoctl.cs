using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/ioctl.h&gt;</c>: the number of bytes in the queues of a socket.</summary>
internal static unsafe partial class SysIoctl
{
    private const nuint SIOCOUTQ = 0x5411;
    private const nuint FIONREAD = 0x541B;

    /// <summary>
    /// SIOCOUTQ, on Linux: the number of sent bytes that the peer has not received (tcp(7), unix(7)), or -1 if it is not available.
    /// </summary>
    public static int UnreceivedBytes(int socket)
    {
        int bytes = 0;
        return OperatingSystem.IsLinux() && Control(socket, SIOCOUTQ, &bytes) == 0 ? bytes : -1;
    }

    /// <summary>
    /// FIONREAD (ioctl_tty(2)), on Linux: the number of bytes that are ready to be read, or -1 if it is not available.
    /// </summary>
    public static int BytesToRead(int descriptor)
    {
        int bytes = 0;
        return OperatingSystem.IsLinux() && Control(descriptor, FIONREAD, &bytes) == 0 ? bytes : -1;
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int descriptor, nuint request, int* argument);
}
