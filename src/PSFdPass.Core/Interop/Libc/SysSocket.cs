using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/socket.h&gt;</c>: the calls that the library makes directly, without the <c>Socket</c> class.</summary>
internal static unsafe partial class SysSocket
{
    /// <summary>SHUT_RDWR of shutdown(2), which has the same value on every system.</summary>
    public const int SHUT_RDWR = 2;

    /// <summary>sendmsg(2). Returns −1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    public static nint SendMsg(int socket, MsgHdr* message, int flags)
    {
        nint result = SendMsgCore(socket, message, flags);
        if (result < 0)
        {
            Errno.Keep();
        }

        return result;
    }

    /// <summary>recvmsg(2). Returns −1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    public static nint RecvMsg(int socket, MsgHdr* message, int flags)
    {
        nint result = RecvMsgCore(socket, message, flags);
        if (result < 0)
        {
            Errno.Keep();
        }

        return result;
    }

    /// <summary>recv(2).</summary>
    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Recv(int socket, void* buffer, nuint length, int flags);

    /// <summary>send(2).</summary>
    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(int socket, void* buffer, nuint length, int flags);

    /// <summary>shutdown(2).</summary>
    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    public static partial int Shutdown(int socket, int how);

    /// <summary>socketpair(2).</summary>
    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    public static partial int SocketPair(int domain, int type, int protocol, int* pair);

    /// <summary>socket(2).</summary>
    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int Create(int domain, int type, int protocol);

    /// <summary>connect(2).</summary>
    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    public static partial int Connect(int socket, byte* address, uint length);

    /// <summary>bind(2).</summary>
    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int socket, byte* address, uint length);

    /// <summary>listen(2).</summary>
    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    public static partial int Listen(int socket, int backlog);

    /// <summary>accept(2), for systems without accept4(2).</summary>
    [LibraryImport("libc", EntryPoint = "accept", SetLastError = true)]
    public static partial int Accept(int socket, byte* address, uint* length);

    /// <summary>accept4(2), on Linux.</summary>
    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    public static partial int Accept4(int socket, byte* address, uint* length, int flags);

    /// <summary>recvmmsg(2), on Linux. Returns -1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    public static int RecvMMsg(int socket, MMsgHdr* messages, uint count, int flags)
    {
        int result = RecvMMsgCore(socket, messages, count, flags, null);
        if (result < 0)
        {
            Errno.Keep();
        }

        return result;
    }

    /// <summary>sendmmsg(2), on Linux. Returns -1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    public static int SendMMsg(int socket, MMsgHdr* messages, uint count, int flags)
    {
        int result = SendMMsgCore(socket, messages, count, flags);
        if (result < 0)
        {
            Errno.Keep();
        }

        return result;
    }

    /// <summary>getsockopt(2). Returns −1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    public static int GetSockOpt(int socket, int level, int name, void* value, uint* length)
    {
        int result = GetSockOptCore(socket, level, name, value, length);
        if (result < 0)
        {
            Errno.Keep();
        }

        return result;
    }

    /// <summary>setsockopt(2).</summary>
    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetSockOpt(int socket, int level, int name, void* value, uint length);

    /// <summary>getsockname(2). Returns -1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    public static int GetSockName(int socket, byte* address, uint* length)
    {
        int result = GetSockNameCore(socket, address, length);
        if (result < 0)
        {
            Errno.Keep();
        }

        return result;
    }

    /// <summary>getpeername(2).</summary>
    [LibraryImport("libc", EntryPoint = "getpeername", SetLastError = true)]
    public static partial int GetPeerName(int socket, byte* address, uint* length);

    /// <summary>
    /// Reads one integer option of a socket. Returns false on failure, with the error in <see cref="Errno.Last"/>.
    /// </summary>
    public static bool TryGetOption(int socket, int level, int name, out int value)
    {
        int read = 0;
        uint length = sizeof(int);
        bool ok = name >= 0 && GetSockOpt(socket, level, name, &read, &length) == 0;
        value = read;
        return ok;
    }

    /// <summary>
    /// Sets one integer option of a socket. Returns false on failure, with the error in <see cref="Errno.Last"/>.
    /// </summary>
    public static bool TrySetOption(int socket, int level, int name, int value) =>
        SetSockOpt(socket, level, name, &value, sizeof(int)) == 0;

    // Declared without SetLastError, which would add one call before each system call and two after it. The error is needed only
    // after a failure.
    [LibraryImport("libc", EntryPoint = "sendmsg")]
    private static partial nint SendMsgCore(int socket, MsgHdr* message, int flags);

    [LibraryImport("libc", EntryPoint = "sendmmsg")]
    private static partial int SendMMsgCore(int socket, MMsgHdr* messages, uint count, int flags);

    [LibraryImport("libc", EntryPoint = "recvmmsg")]
    private static partial int RecvMMsgCore(int socket, MMsgHdr* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", EntryPoint = "recvmsg")]
    private static partial nint RecvMsgCore(int socket, MsgHdr* message, int flags);

    [LibraryImport("libc", EntryPoint = "getsockname")]
    private static partial int GetSockNameCore(int socket, byte* address, uint* length);

    [LibraryImport("libc", EntryPoint = "getsockopt")]
    private static partial int GetSockOptCore(int socket, int level, int name, void* value, uint* length);

    /// <summary><c>struct iovec</c>, which has the same two words on every system.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct IoVec
    {
        public void* iov_base;
        public nuint iov_len;
    }

    /// <summary>
    /// <c>struct msghdr</c> of a 64-bit little-endian system. The fields up to msg_control have the same offsets on all such
    /// systems. They are followed by an 8-byte msg_controllen and msg_flags (Linux), or by a 4-byte msg_controllen and msg_flags
    /// (macOS). If a system's field is narrower than declared here (msg_iovlen on macOS and musl), the rest of its eight bytes is
    /// padding, which stays zero because the values are small.
    /// </summary>
    [StructLayout(LayoutKind.Explicit, Size = 56)]
    public struct MsgHdr
    {
        [FieldOffset(0)]
        public void* msg_name;

        [FieldOffset(8)]
        public uint msg_namelen;

        [FieldOffset(16)]
        public IoVec* msg_iov;

        [FieldOffset(24)]
        public ulong msg_iovlen;

        [FieldOffset(32)]
        public void* msg_control;

        [FieldOffset(40)]
        public uint msg_controllen;

        [FieldOffset(44)]
        private int _bsdFlags;

        [FieldOffset(48)]
        private int _linuxFlags;

        /// <summary>Gets msg_flags at its offset on this system.</summary>
        public readonly int Flags => FlagsOn(Constants.Current);

        /// <summary>Returns msg_flags at its offset on the specified system.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly int FlagsOn(Constants system) => system.MsgFlagsOffset == 44 ? _bsdFlags : _linuxFlags;
    }

    /// <summary><c>struct mmsghdr</c> of Linux: a message and its length.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    public struct MMsgHdr
    {
        public MsgHdr msg_hdr;
        public uint msg_len;
    }
}
