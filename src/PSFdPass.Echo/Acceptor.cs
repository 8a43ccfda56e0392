using System.Net;
using System.Runtime.InteropServices;

namespace PSFdPass.Echo;

/// <summary>Accepts connections without blocking.</summary>
internal static class Acceptor
{
    /// <summary>Accepts a connection; returns null when none is waiting.</summary>
    /// <exception cref="SystemCallException">Thrown when accept(2) fails: EMFILE and so on.</exception>
    public static FileDescriptor? TryAccept(SafeHandle listener) => UnixSocket.TryAccept(listener);

    /// <summary>Accepts a connection, and reports the address of its peer; returns null when none is waiting.</summary>
    /// <exception cref="SystemCallException">Thrown when accept(2) fails: EMFILE and so on.</exception>
    public static FileDescriptor? TryAccept(SafeHandle listener, out string name)
    {
        FileDescriptor? connection = TryAccept(listener);
        EndPoint? address = connection is null ? null : SocketInfo.RemoteEndPointOf(connection.SafeHandle);
        name = address?.ToString() ?? SR.UserUnknown;
        return connection;
    }
}
