using System.Net.Sockets;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// How much a socket holds of what was sent and not yet received: SO_SNDBUF and SO_RCVBUF (socket(7)). On Linux a Unix-domain
/// socket's send buffer decides alone, for how much waits and for how large a packet may be; its receive buffer is not looked at.
/// </summary>
public static class SocketBuffers
{
    /// <summary>Sets the size of the send buffer.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="bytes">The size in bytes. Linux takes twice as much, for its own bookkeeping.</param>
    /// <returns>The size that is in force, in the same count: less where the system caps it (net.core.wmem_max).</returns>
    /// <exception cref="SystemCallException">setsockopt(2) failed.</exception>
    public static int SetSend(Socket socket, int bytes) => Set(socket, Constants.Current.SO_SNDBUF, bytes, "SO_SNDBUF");

    /// <summary>Sets the size of the receive buffer.</summary>
    /// <returns>The size that is in force, in the same count: less where the system caps it (net.core.rmem_max).</returns>
    /// <inheritdoc cref="SetSend"/>
    public static int SetReceive(Socket socket, int bytes) => Set(socket, Constants.Current.SO_RCVBUF, bytes, "SO_RCVBUF");

    private static int Set(Socket socket, int option, int bytes, string name)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        using var lease = new HandleLease(socket.SafeHandle);
        if (!SysSocket.TrySetOption(lease.Fd, Constants.Current.SOL_SOCKET, option, bytes) ||
            !SysSocket.TryGetOption(lease.Fd, Constants.Current.SOL_SOCKET, option, out int inForce))
        {
            throw SystemCallException.FromLast("setsockopt", $"{name} {bytes}");
        }

        return OperatingSystem.IsLinux() ? inForce / 2 : inForce;
    }
}
