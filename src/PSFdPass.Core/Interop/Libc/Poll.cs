using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;poll.h&gt;</c>: waits for events on descriptors. The values are the same on Linux and macOS.</summary>
internal static unsafe partial class Poll
{
    public const short POLLIN = 0x1;
    public const short POLLOUT = 0x4;
    public const short POLLERR = 0x8;
    public const short POLLHUP = 0x10;
    public const short POLLNVAL = 0x20;

    /// <summary>On Linux only: the peer has closed its socket or shut down sending.</summary>
    public const short POLLRDHUP = 0x2000;

    /// <summary>poll(2). The timeout is in milliseconds; −1 means no limit.</summary>
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Wait(PollFd* descriptors, nuint count, int timeoutMilliseconds);

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollFd
    {
        public int fd;
        public short events;
        public short revents;
    }
}
