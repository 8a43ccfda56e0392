using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>Makes sure that a socket is a Unix-domain socket.</summary>
internal static class UnixFamily
{
    /// <summary>Throws when a descriptor is not a Unix-domain socket.</summary>
    /// <remarks>
    /// Linux accepts descriptors on a TCP socket, sends the data without them and reports success: only the address family shows it.
    /// The answer is not cached, because another file can take the number.
    /// </remarks>
    /// <exception cref="NotUnixSocketException">The socket is of another family.</exception>
    /// <exception cref="SystemCallException">ENOTSOCK, EBADF.</exception>
    public static void Require(int fd)
    {
        if (Constants.Current.SO_DOMAIN >= 0 &&
            SysSocket.TryGetOption(fd, Constants.Current.SOL_SOCKET, Constants.Current.SO_DOMAIN, out int domain) &&
            domain == Constants.AF_UNIX)
        {
            return;
        }

        // TypeOf throws for a descriptor that is not a socket.
        int type = SocketFacts.TypeOf(fd);
        int family = SocketFacts.FamilyOf(fd);
        if (family != Constants.AF_UNIX)
        {
            throw new NotUnixSocketException(fd, SocketFacts.ProtocolName(family, type));
        }
    }
}
