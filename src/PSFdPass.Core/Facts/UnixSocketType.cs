using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>Makes sure, once for each handle, that a socket can carry descriptors, and remembers its type.</summary>
/// <remarks>
/// Linux accepts descriptors on a TCP socket, sends the data without them and reports success: only the address family tells.
/// </remarks>
public static class UnixSocketType
{
    private static readonly ConditionalWeakTable<SafeHandle, StrongBox<SocketType>> Known = [];

    // The two that this thread has asked for last: what it sends on, and what it receives from.
    [ThreadStatic]
    private static Recent? t_last;

    [ThreadStatic]
    private static Recent? t_lastButOne;

    /// <summary>The type of a Unix-domain socket.</summary>
    /// <exception cref="NotUnixSocketException">It is a socket of another family.</exception>
    /// <exception cref="SystemCallException">ENOTSOCK: it is no socket. EBADF: it is not open.</exception>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    public static SocketType Of(SafeHandle socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return t_last is { } last && last.IsOf(socket) ? last.Type
            : t_lastButOne is { } other && other.IsOf(socket) ? other.Type
            : LookUp(socket);
    }

    /// <summary>The SOCK_ number of a type that a Unix-domain socket can have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Another type of socket.</exception>
    internal static int NumberOf(SocketType type) => type switch
    {
        SocketType.Stream => Constants.SOCK_STREAM,
        SocketType.Dgram => Constants.SOCK_DGRAM,
        SocketType.Seqpacket => Constants.SOCK_SEQPACKET,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "A Unix-domain socket is Stream, Seqpacket or Dgram."),
    };

    /// <summary>The type that a SOCK_ number stands for; null for one that no Unix-domain socket has.</summary>
    internal static SocketType? FromNumber(int number) => number switch
    {
        Constants.SOCK_STREAM => SocketType.Stream,
        Constants.SOCK_DGRAM => SocketType.Dgram,
        Constants.SOCK_SEQPACKET => SocketType.Seqpacket,
        _ => null,
    };

    private static SocketType LookUp(SafeHandle socket)
    {
        SocketType type = Known.TryGetValue(socket, out StrongBox<SocketType>? known) ? known.Value : Ask(socket);
        Recent recent = t_lastButOne ?? new Recent();
        recent.Set(socket, type);
        t_lastButOne = t_last;
        t_last = recent;
        return type;
    }

    private static SocketType Ask(SafeHandle socket)
    {
        using var lease = new HandleLease(socket);
        int number = SocketFacts.TypeOf(lease.Fd);
        int family = SocketFacts.FamilyOf(lease.Fd);
        if (family != Constants.AF_UNIX)
        {
            throw new NotUnixSocketException(lease.Fd, SocketFacts.ProtocolName(family, number));
        }

        SocketType type = FromNumber(number) ?? SocketType.Stream;
        Known.AddOrUpdate(socket, new StrongBox<SocketType>(type));
        return type;
    }

    /// <summary>A handle, which is not kept alive, and its type.</summary>
    private sealed class Recent
    {
        private readonly WeakReference<SafeHandle> _socket = new(null!);

        public SocketType Type { get; private set; }

        public bool IsOf(SafeHandle socket) => _socket.TryGetTarget(out SafeHandle? own) && ReferenceEquals(own, socket);

        public void Set(SafeHandle socket, SocketType type)
        {
            _socket.SetTarget(socket);
            Type = type;
        }
    }
}
