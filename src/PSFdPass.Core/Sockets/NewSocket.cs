using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Sockets;

/// <summary>Creates sockets. Each socket gets an owner immediately, and is close-on-exec.</summary>
internal static unsafe class NewSocket
{
    /// <summary>Creates a Unix-domain socket (socket(2)).</summary>
    /// <param name="type">Stream, Seqpacket or Dgram.</param>
    /// <param name="nonBlocking">True to set O_NONBLOCK.</param>
    /// <exception cref="SystemCallException">
    /// Thrown when the limit of open descriptors has been reached (EMFILE, ENFILE), or when the system does not support the type
    /// (EPROTONOSUPPORT for Seqpacket on macOS).
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the type is not Stream, Seqpacket or Dgram.</exception>
    public static SafeDescriptorHandle Create(SocketType type, bool nonBlocking)
    {
        int fd = SysSocket.Create(Constants.AF_UNIX, SocketTypes.NumberOfUnix(type) | Constants.Current.SOCK_CLOEXEC, 0);
        if (fd < 0)
        {
            throw SystemCallException.FromLast("socket");
        }

        SafeDescriptorHandle socket = Own(fd);
        if (nonBlocking)
        {
            SetNonBlocking(fd, true);
        }

        return socket;
    }

    /// <summary>Creates a pair of connected Unix-domain sockets (socketpair(2)).</summary>
    /// <inheritdoc cref="Create"/>
    public static (SafeDescriptorHandle Left, SafeDescriptorHandle Right) CreatePair(SocketType type)
    {
        int number = SocketTypes.NumberOfUnix(type);
        int* pair = stackalloc int[2];
        return SysSocket.SocketPair(Constants.AF_UNIX, number | Constants.Current.SOCK_CLOEXEC, 0, pair) == 0
            ? (Own(pair[0]), Own(pair[1]))
            : throw SystemCallException.FromLast("socketpair");
    }

    /// <summary>
    /// Takes ownership of a descriptor that a system call has returned, and sets close-on-exec if the call does not have a flag for
    /// it.
    /// </summary>
    public static SafeDescriptorHandle Own(int fd)
    {
        var handle = new SafeDescriptorHandle(fd, ownsHandle: true);
        if (Constants.Current.SOCK_CLOEXEC == 0)
        {
            _ = Fcntl.Control(fd, Constants.F_SETFD, Constants.FD_CLOEXEC);
        }

        return handle;
    }

    /// <summary>Returns whether O_NONBLOCK is set on the open file description.</summary>
    public static bool IsNonBlocking(int fd) =>
        Fcntl.Control(fd, Constants.F_GETFL) is >= 0 and var flags && (flags & Constants.Current.O_NONBLOCK) != 0;

    /// <summary>Sets or clears O_NONBLOCK on the open file description.</summary>
    public static void SetNonBlocking(int fd, bool value)
    {
        int flags = Fcntl.Control(fd, Constants.F_GETFL);
        int wanted = value ? flags | Constants.Current.O_NONBLOCK : flags & ~Constants.Current.O_NONBLOCK;
        if (flags < 0 || (flags != wanted && Fcntl.Control(fd, Constants.F_SETFL, wanted) < 0))
        {
            throw SystemCallException.FromLast("fcntl", fd);
        }
    }
}
