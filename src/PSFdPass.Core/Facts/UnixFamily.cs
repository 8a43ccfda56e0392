using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>Checks that a socket is a Unix-domain socket.</summary>
internal static class UnixFamily
{
    // The handle that this thread received from last. It is not kept alive.
    [ThreadStatic]
    private static WeakReference<SafeHandle>? t_receiver;

    /// <summary>
    /// Throws when a socket to receive from is not a Unix-domain socket. The answer is remembered for the handle, because receiving from
    /// another file that took its number loses no descriptor.
    /// </summary>
    /// <inheritdoc cref="Require"/>
    public static void RequireForReceive(SafeHandle socket, int fd)
    {
        if (t_receiver is { } last && last.TryGetTarget(out SafeHandle? known) && ReferenceEquals(known, socket))
        {
            return;
        }

        Require(fd);
        (t_receiver ??= new WeakReference<SafeHandle>(socket)).SetTarget(socket);
    }

    /// <summary>Throws when a descriptor is not a Unix-domain socket.</summary>
    /// <remarks>
    /// Linux accepts descriptors on a TCP socket, sends the data without them and reports success. Only the address family shows the
    /// difference. The kernel is asked each time, because another file can take the number.
    /// </remarks>
    /// <exception cref="NotUnixSocketException">Thrown when the socket is of another family.</exception>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not a socket (ENOTSOCK), or not open (EBADF).</exception>
    public static void Require(int fd)
    {
        int family = SocketFacts.FamilyOf(fd);
        if (family != Constants.AF_UNIX)
        {
            // TypeOf throws for a descriptor that is not a socket.
            int type = SocketFacts.TypeOf(fd);
            throw new NotUnixSocketException(
                fd, SocketFamilies.ProtocolName(SocketFamilies.FromNumber(family), SocketTypes.FromNumber(type)));
        }
    }
}
