using System.Net.Sockets;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Descriptors;

/// <summary>Converts the descriptor of a socket to a <see cref="Socket"/>.</summary>
internal static class SocketConversion
{
    /// <summary>
    /// Hands the descriptor over to a new socket. If one of the exceptions below is thrown, the handle still owns the descriptor.
    /// </summary>
    /// <param name="handle">The handle that owns the socket's descriptor.</param>
    /// <param name="ownsHandle">True to close the descriptor when the socket is disposed.</param>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not a socket (ENOTSOCK).</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the handle is closed.</exception>
    public static Socket ToSocket(SafeDescriptorHandle handle, bool ownsHandle = true)
    {
        bool isNonBlocking;
        using (var lease = new HandleLease(handle))
        {
            // The constructor of Socket accepts any file, such as /dev/null. Check first.
            if (!SysSocket.TryGetOption(lease.Fd, Constants.Current.SOL_SOCKET, Constants.Current.SO_TYPE, out _))
            {
                throw SystemCallException.FromLast("getsockopt", lease.Fd);
            }

            int flags = Fcntl.Control(lease.Fd, Constants.F_GETFL);
            isNonBlocking = flags >= 0
                ? (flags & Constants.Current.O_NONBLOCK) != 0
                : throw SystemCallException.FromLast("fcntl", lease.Fd);
        }

        // From here on the number belongs to the SafeSocketHandle, whose finalizer closes it even if the constructor throws.
        var socket = new Socket(new SafeSocketHandle(handle.Detach(), ownsHandle));
        if (isNonBlocking)
        {
            // Socket assumes that the descriptor blocks, so its synchronous calls would fail with EWOULDBLOCK. Setting the property
            // twice makes them wait.
            socket.Blocking = false;
            socket.Blocking = true;
        }

        return socket;
    }
}
