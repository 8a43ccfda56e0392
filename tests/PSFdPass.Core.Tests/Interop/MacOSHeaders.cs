using System.Globalization;

namespace PSFdPass.Tests;

/// <summary>
/// Facts from the headers of macOS 15.4, as Apple publishes them: github.com/apple-oss-distributions/xnu, tag xnu-11417.101.15.
/// Each group names its header.
/// </summary>
internal static class MacOSHeaders
{
    /// <summary>Constants by name, without the error numbers.</summary>
    public static readonly Dictionary<string, long> Constants = Parse(
        """
        # bsd/sys/socket.h (as seen with _DARWIN_C_SOURCE, which is the default)
        SOL_SOCKET 0xffff
        SO_ACCEPTCONN 0x2
        SO_REUSEADDR 0x4
        SO_LINGER 0x80
        SO_SNDBUF 0x1001
        SO_RCVBUF 0x1002
        SO_RCVTIMEO 0x1006
        SO_ERROR 0x1007
        SO_TYPE 0x1008
        SO_NOSIGPIPE 0x1022
        SOCK_STREAM 1
        SOCK_DGRAM 2
        SOCK_RAW 3
        SOCK_SEQPACKET 5
        AF_UNIX 1
        AF_INET 2
        AF_INET6 30
        MSG_OOB 0x1
        MSG_PEEK 0x2
        MSG_EOR 0x8
        MSG_TRUNC 0x10
        MSG_CTRUNC 0x20
        MSG_WAITALL 0x40
        MSG_DONTWAIT 0x80
        MSG_NOSIGNAL 0x80000
        SCM_RIGHTS 1
        SHUT_RD 0
        SHUT_WR 1
        SHUT_RDWR 2

        # bsd/sys/un.h
        SOL_LOCAL 0
        LOCAL_PEERCRED 1
        LOCAL_PEERPID 2

        # bsd/sys/fcntl.h
        O_RDONLY 0
        O_WRONLY 1
        O_RDWR 2
        O_ACCMODE 3
        O_NONBLOCK 0x4
        O_APPEND 0x8
        O_NOFOLLOW 0x100
        O_CREAT 0x200
        O_TRUNC 0x400
        O_EXCL 0x800
        O_NOCTTY 0x20000
        O_DIRECTORY 0x100000
        O_CLOEXEC 0x1000000
        F_DUPFD 0
        F_GETFD 1
        F_SETFD 2
        F_GETFL 3
        F_SETFL 4
        F_GETPATH 50
        F_DUPFD_CLOEXEC 67
        FD_CLOEXEC 1

        # bsd/sys/_types/_seek_set.h
        SEEK_SET 0
        SEEK_CUR 1
        SEEK_END 2

        # bsd/sys/_types/_s_ifmt.h, in octal there
        S_IFMT 0xf000
        S_IFIFO 0x1000
        S_IFCHR 0x2000
        S_IFDIR 0x4000
        S_IFBLK 0x6000
        S_IFREG 0x8000
        S_IFLNK 0xa000
        S_IFSOCK 0xc000

        # bsd/sys/poll.h
        POLLIN 0x1
        POLLPRI 0x2
        POLLOUT 0x4
        POLLERR 0x8
        POLLHUP 0x10
        POLLNVAL 0x20

        # bsd/sys/spawn.h
        POSIX_SPAWN_SETPGROUP 0x2
        POSIX_SPAWN_SETSIGDEF 0x4
        POSIX_SPAWN_SETSIGMASK 0x8
        POSIX_SPAWN_CLOEXEC_DEFAULT 0x4000

        # bsd/sys/resource.h
        RLIMIT_NOFILE 8
        """);

    /// <summary>Names in the Linux tables that do not occur in these headers.</summary>
    public static readonly string[] Absent =
    [
        "SO_PROTOCOL", "SO_PASSCRED", "SO_PEERCRED", "SO_PEERPIDFD", "SO_PASSRIGHTS", "SO_DOMAIN", "SO_PEEK_OFF", "SOCK_CLOEXEC", "MSG_ERRQUEUE",
        "MSG_CMSG_CLOEXEC", "O_PATH", "O_TMPFILE", "F_DUPFD_QUERY", "POLLRDHUP",
    ];

    /// <summary>Offsets and sizes, in bytes, on x86-64 and arm64 alike: int and socklen_t have 4 bytes, pointers and size_t 8.</summary>
    public static readonly Dictionary<string, long> Layouts = Parse(
        """
        # bsd/sys/socket.h: void *, socklen_t, struct iovec *, int, void *, socklen_t, int
        msghdr.msg_name 0
        msghdr.msg_namelen 8
        msghdr.msg_iov 16
        msghdr.msg_iovlen 24
        msghdr.msg_control 32
        msghdr.msg_controllen 40
        msghdr.msg_flags 44
        msghdr 48

        # bsd/sys/socket.h: socklen_t, int, int; CMSG_DATA, CMSG_LEN and CMSG_SPACE use __DARWIN_ALIGN32
        cmsghdr.cmsg_len 0
        cmsghdr.cmsg_level 4
        cmsghdr.cmsg_type 8
        cmsghdr 12
        CMSG_LEN(0) 12
        CMSG_LEN(1) 13
        CMSG_LEN(4) 16
        CMSG_LEN(1012) 1024
        CMSG_SPACE(0) 12
        CMSG_SPACE(1) 16
        CMSG_SPACE(4) 16
        CMSG_SPACE(1012) 1024

        # bsd/sys/_types/_iovec_t.h, bsd/sys/poll.h
        iovec.iov_base 0
        iovec.iov_len 8
        pollfd.fd 0
        pollfd.events 4
        pollfd.revents 6
        pollfd 8

        # bsd/sys/un.h: unsigned char, sa_family_t (one byte), char[104]
        sockaddr_un.sun_len 0
        sockaddr_un.sun_family 1
        sockaddr_un.sun_path 2
        sockaddr_un 106

        # bsd/sys/stat.h, __DARWIN_STRUCT_STAT64: dev_t (4), mode_t (2), nlink_t (2), ino64_t (8), uid_t, gid_t, dev_t (4 each),
        # 4 of padding, 4 struct timespec (16 each), off_t (8), blkcnt_t (8), blksize_t, 3 words of 4, 2 of 8
        stat.st_dev 0
        stat.st_mode 4
        stat.st_nlink 6
        stat.st_ino 8
        stat.st_size 96
        stat 144
        """);

    /// <summary>bsd/sys/errno.h: the errors from 1 to ELAST (106), in the order of their numbers.</summary>
    public static readonly string[] Errors =
        """
        EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD
        EDEADLK ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR
        EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS
        EMLINK EPIPE EDOM ERANGE EAGAIN EINPROGRESS EALREADY ENOTSOCK EDESTADDRREQ EMSGSIZE
        EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT ENOTSUP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN
        ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT
        ECONNREFUSED ELOOP ENAMETOOLONG EHOSTDOWN EHOSTUNREACH ENOTEMPTY EPROCLIM EUSERS EDQUOT ESTALE
        EREMOTE EBADRPC ERPCMISMATCH EPROGUNAVAIL EPROGMISMATCH EPROCUNAVAIL ENOLCK ENOSYS EFTYPE EAUTH
        ENEEDAUTH EPWROFF EDEVERR EOVERFLOW EBADEXEC EBADARCH ESHLIBVERS EBADMACHO ECANCELED EIDRM
        ENOMSG EILSEQ ENOATTR EBADMSG EMULTIHOP ENODATA ENOLINK ENOSR ENOSTR EPROTO
        ETIME EOPNOTSUPP ENOPOLICY ENOTRECOVERABLE EOWNERDEAD EQFULL
        """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static Dictionary<string, long> Parse(string text)
    {
        var values = new Dictionary<string, long>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!line.StartsWith('#'))
            {
                string[] words = line.Split(' ');
                values.Add(words[0], words[1].StartsWith("0x", StringComparison.Ordinal)
                    ? long.Parse(words[1].AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                    : long.Parse(words[1], CultureInfo.InvariantCulture));
            }
        }

        return values;
    }
}
