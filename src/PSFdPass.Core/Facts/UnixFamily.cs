using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>Checks that a socket is a Unix-domain socket.</summary>
internal static class UnixFamily
{
    /// <summary>Throws an exception if a descriptor is not a Unix-domain socket.</summary>
    /// <remarks>
    /// Linux accepts descriptors on a TCP socket, sends the data without them and reports success. Only the address family shows the
    /// difference. The kernel is queried each time, because the number can be reused for another file.
    /// </remarks>
    /// <exception cref="NotUnixSocketException">Thrown when the socket is not a Unix-domain socket.</exception>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not a socket (ENOTSOCK), or not open (EBADF).</exception>
    public static void Require(int fd)
    {
        if (!SocketFacts.IsUnix(fd))
        {
            // TypeOf throws for a descriptor that is not a socket.
            int family = SocketFacts.FamilyOf(fd);
            int type = SocketFacts.TypeOf(fd);
            throw new NotUnixSocketException(
                fd, SocketFamilies.ProtocolName(SocketFamilies.FromNumber(family), SocketTypes.FromNumber(type)));
        }
    }
}
