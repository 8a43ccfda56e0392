using System.Net.Sockets;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Descriptors;

/// <summary>Turns a descriptor that is a socket into a <see cref="Socket"/>.</summary>
internal static class SocketConversion
{
    /// <summary>Hands the descriptor over to a new socket. On an exception the handle still owns it.</summary>
    /// <exception cref="SystemCallException">ENOTSOCK: the descriptor is no socket.</exception>
    public static Socket ToSocket(SafeDescriptorHandle handle)
    {
        bool nonBlocking;
        using (var lease = new HandleLease(handle))
        {
            // The constructor of Socket accepts anything, /dev/null included: ask first.
            if (!SysSocket.TryGetOption(lease.Fd, Constants.Current.SOL_SOCKET, Constants.Current.SO_TYPE, out _))
            {
                throw SystemCallException.FromLast("getsockopt", $"descriptor {lease.Fd}");
            }

            nonBlocking = (Fcntl.Control(lease.Fd, Constants.F_GETFL) & Constants.Current.O_NONBLOCK) != 0;
        }

        // From here the number belongs to the SafeSocketHandle, whose finalizer closes it even if the constructor throws.
        var socket = new Socket(new SafeSocketHandle(handle.Detach(), ownsHandle: true));
        if (nonBlocking)
        {
            // Somebody's asynchronous operation left O_NONBLOCK on the description that we now share. The new Socket believes
            // that it blocks, so its synchronous calls would fail with EWOULDBLOCK; setting it once each way mends that.
            socket.Blocking = false;
            socket.Blocking = true;
        }

        return socket;
    }
}
