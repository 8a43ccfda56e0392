using System.Net.Sockets;

namespace PSFdPass.Echo;

/// <summary>Finds the listener for users among the descriptors that a service manager passed (sd_listen_fds(3)).</summary>
public static class ActivatedListener
{
    /// <summary>Returns whether a descriptor is a TCP listener (IPv4 or IPv6).</summary>
    /// <param name="descriptor">The descriptor, which stays open.</param>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor is closed.</exception>
    public static bool IsListener(FileDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return SocketInfo.Of(descriptor.SafeHandle) is
        {
            IsListening: true,
            Type: SocketType.Stream,
            Family: AddressFamily.InterNetwork or AddressFamily.InterNetworkV6,
        };
    }

    /// <summary>
    /// Takes all the descriptors that were passed to this process, returns the first listener among them, and closes the others.
    /// </summary>
    /// <returns>The listener, which the caller must dispose; null when there is none.</returns>
    /// <exception cref="ServiceManagerException">
    /// Thrown when the descriptors are for another process, or when an environment variable of the protocol is malformed.
    /// </exception>
    /// <exception cref="SystemCallException">Thrown when one of these descriptors is not open (EBADF).</exception>
    public static Socket? Take()
    {
        Socket? listener = null;
        foreach ((_, FileDescriptor descriptor) in ServiceActivation.TakeDescriptors())
        {
            using (descriptor)
            {
                if (listener is null && IsListener(descriptor))
                {
                    listener = descriptor.OpenSocket();
                }
            }
        }

        return listener;
    }
}
