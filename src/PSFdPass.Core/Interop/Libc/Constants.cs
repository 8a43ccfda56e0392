namespace PSFdPass.Interop;

/// <summary>
/// The constants from a system's headers, with the names used there. There is one instance for each system.
/// </summary>
/// <remarks>
/// A flag that the system does not have is 0, so that adding it with OR changes nothing. An option that it does not have is −1.
/// </remarks>
internal sealed class Constants
{
    // <sys/socket.h>
    public required int SOL_SOCKET { get; init; }
    public required int SO_TYPE { get; init; }
    public required int SO_ACCEPTCONN { get; init; }
    public required int SO_SNDBUF { get; init; }
    public required int SO_RCVBUF { get; init; }
    public required int SO_LINGER { get; init; }
    public required int SO_PROTOCOL { get; init; }
    public required int SO_DOMAIN { get; init; }
    public required int SO_PASSCRED { get; init; }
    public required int SO_PEERCRED { get; init; }
    public required int SO_PEERPIDFD { get; init; }
    public required int SOCK_CLOEXEC { get; init; }
    public required int AF_INET6 { get; init; }
    public required int MSG_CTRUNC { get; init; }
    public required int MSG_TRUNC { get; init; }
    public required int MSG_DONTWAIT { get; init; }
    public required int MSG_NOSIGNAL { get; init; }
    public required int MSG_ERRQUEUE { get; init; }
    public required int MSG_CMSG_CLOEXEC { get; init; }

    /// <summary>
    /// Gets the offset of <c>msg_flags</c> in <c>struct msghdr</c>: 48 if msg_controllen has 8 bytes, 44 if it has 4 bytes.
    /// </summary>
    public required int MsgFlagsOffset { get; init; }

    // <sys/un.h>
    /// <summary>Gets the number of bytes in <c>sun_path</c>, including the terminating NUL.</summary>
    public required int SunPathSize { get; init; }

    /// <summary>Gets a value indicating whether socket addresses begin with a length byte (4.4BSD) and a one-byte family.</summary>
    public required bool SockaddrHasLength { get; init; }

    /// <summary>Gets a value indicating whether a <c>sun_path</c> that starts with a NUL is an abstract name (Linux).</summary>
    public required bool HasAbstractNames { get; init; }

    /// <summary>Gets a value indicating whether AF_UNIX supports SOCK_SEQPACKET.</summary>
    public required bool HasSeqPacket { get; init; }

    // <fcntl.h>; 0, 1 and 2 are O_RDONLY, O_WRONLY and O_RDWR, and 1 to 4 are F_GETFD to F_SETFL everywhere.
    public required int F_DUPFD_CLOEXEC { get; init; }
    public required int O_CLOEXEC { get; init; }
    public required int O_CREAT { get; init; }
    public required int O_EXCL { get; init; }
    public required int O_TRUNC { get; init; }
    public required int O_APPEND { get; init; }
    public required int O_NONBLOCK { get; init; }
    public required int O_NOFOLLOW { get; init; }
    public required int O_DIRECTORY { get; init; }
    public required int O_NOCTTY { get; init; }
    public required int O_PATH { get; init; }

    public const int AF_UNIX = 1;
    public const int AF_INET = 2;
    public const int SOCK_STREAM = 1;
    public const int SOCK_DGRAM = 2;
    public const int SOCK_SEQPACKET = 5;
    public const int MSG_PEEK = 2;
    public const int SCM_RIGHTS = 1;
    public const int F_GETFD = 1;
    public const int F_SETFD = 2;
    public const int F_GETFL = 3;
    public const int F_SETFL = 4;
    public const int FD_CLOEXEC = 1;
    public const int O_ACCMODE = 3;
    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public const int O_RDWR = 2;

    /// <summary>The values of Linux on x86-64. O_DIRECTORY and O_NOFOLLOW have other values on arm64.</summary>
    public static readonly Constants LinuxX64 = Linux(directory: 0x10000, noFollow: 0x20000);

    /// <summary>The values of Linux on arm64.</summary>
    public static readonly Constants LinuxArm64 = Linux(directory: 0x4000, noFollow: 0x8000);

    /// <summary>The values of macOS, from its headers.</summary>
    public static readonly Constants MacOS = new()
    {
        SOL_SOCKET = 0xffff,
        SO_TYPE = 0x1008,
        SO_ACCEPTCONN = 0x2,
        SO_SNDBUF = 0x1001,
        SO_RCVBUF = 0x1002,
        SO_LINGER = 0x80,
        SO_PROTOCOL = -1,
        SO_DOMAIN = -1,
        SO_PASSCRED = -1,
        SO_PEERCRED = -1,
        SO_PEERPIDFD = -1,
        SOCK_CLOEXEC = 0,
        AF_INET6 = 30,
        MSG_CTRUNC = 0x20,
        MSG_TRUNC = 0x10,
        MSG_DONTWAIT = 0x80,
        MSG_NOSIGNAL = 0x80000,
        MSG_ERRQUEUE = 0,
        MSG_CMSG_CLOEXEC = 0,
        MsgFlagsOffset = 44,
        SunPathSize = 104,
        SockaddrHasLength = true,
        HasAbstractNames = false,
        HasSeqPacket = false,
        F_DUPFD_CLOEXEC = 67,
        O_CLOEXEC = 0x1000000,
        O_CREAT = 0x200,
        O_EXCL = 0x800,
        O_TRUNC = 0x400,
        O_APPEND = 0x8,
        O_NONBLOCK = 0x4,
        O_NOFOLLOW = 0x100,
        O_DIRECTORY = 0x100000,
        O_NOCTTY = 0x20000,
        O_PATH = 0,
    };

    /// <summary>The values of the system that this process runs on.</summary>
    public static readonly Constants Current = For(Platform.Current);

    /// <summary>Returns the values of the specified system.</summary>
    public static Constants For(PlatformId platform) => platform switch
    {
        PlatformId.LinuxX64 => LinuxX64,
        PlatformId.LinuxArm64 => LinuxArm64,
        PlatformId.MacOS => MacOS,
        _ => throw new ArgumentOutOfRangeException(nameof(platform)),
    };

    private static Constants Linux(int directory, int noFollow) => new()
    {
        SOL_SOCKET = 1,
        SO_TYPE = 3,
        SO_ACCEPTCONN = 30,
        SO_SNDBUF = 7,
        SO_RCVBUF = 8,
        SO_LINGER = 13,
        SO_PROTOCOL = 38,
        SO_DOMAIN = 39,
        SO_PASSCRED = 16,
        SO_PEERCRED = 17,
        SO_PEERPIDFD = 77,
        SOCK_CLOEXEC = 0x80000,
        AF_INET6 = 10,
        MSG_CTRUNC = 0x8,
        MSG_TRUNC = 0x20,
        MSG_DONTWAIT = 0x40,
        MSG_NOSIGNAL = 0x4000,
        MSG_ERRQUEUE = 0x2000,
        MSG_CMSG_CLOEXEC = 0x40000000,
        MsgFlagsOffset = 48,
        SunPathSize = 108,
        SockaddrHasLength = false,
        HasAbstractNames = true,
        HasSeqPacket = true,
        F_DUPFD_CLOEXEC = 1030,
        O_CLOEXEC = 0x80000,
        O_CREAT = 0x40,
        O_EXCL = 0x80,
        O_TRUNC = 0x200,
        O_APPEND = 0x400,
        O_NONBLOCK = 0x800,
        O_NOFOLLOW = noFollow,
        O_DIRECTORY = directory,
        O_NOCTTY = 0x100,
        O_PATH = 0x200000,
    };
}
