using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Handles;

namespace PSFdPass.Facts;

/// <summary>Checks that a socket can carry descriptors, and returns its type.</summary>
internal static class UnixSocketType
{
    /// <summary>Returns the type of a Unix-domain socket.</summary>
    /// <exception cref="NotUnixSocketException">Thrown when the socket is not a Unix-domain socket.</exception>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not a socket (ENOTSOCK), or not open (EBADF).</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the handle is closed.</exception>
    public static SocketType Of(SafeHandle socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        using var lease = new HandleLease(socket);
        return Of(lease.Fd);
    }

    /// <summary>Returns the type of a Unix-domain socket, given a number that the caller keeps open.</summary>
    /// <inheritdoc cref="Of(SafeHandle)"/>
    public static SocketType Of(int socket)
    {
        UnixFamily.Require(socket);
        return SocketTypes.FromNumber(SocketFacts.TypeOf(socket)) ?? SocketType.Stream;
    }
}
