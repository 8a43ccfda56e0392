namespace PSFdPass.Services;

/// <summary>
/// The takeover sockets that this process has received from its predecessors and on which it does not accept connections yet. Each
/// socket stays bound to its path, so that the next successor can connect at any time.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal static class InheritedTakeovers
{
    private static readonly Dictionary<string, (FileDescriptor Listener, SocketIdentity? Identity)> Listeners = [];

    /// <summary>
    /// Keeps a listener until <see cref="TryTake"/> returns it. An earlier listener for the same address is closed.
    /// </summary>
    public static void Keep(UnixSocketAddress address, FileDescriptor listener, SocketIdentity? identity)
    {
        lock (Listeners)
        {
            if (Listeners.Remove(address.ToString(), out (FileDescriptor Listener, SocketIdentity? Identity) former))
            {
                former.Listener.Dispose();
            }

            Listeners.Add(address.ToString(), (listener, identity));
        }
    }

    /// <summary>
    /// Takes the listener that is kept for an address. Returns false if there is none, or if the path now refers to another file.
    /// </summary>
    public static bool TryTake(UnixSocketAddress address, out FileDescriptor listener, out SocketIdentity? identity)
    {
        lock (Listeners)
        {
            bool isThere = Listeners.Remove(address.ToString(), out (FileDescriptor Listener, SocketIdentity? Identity) kept);
            if (isThere && kept.Identity is { } own && SocketIdentity.Of(address) != own)
            {
                kept.Listener.Dispose();
                isThere = false;
            }

            (listener, identity) = isThere ? kept : (null!, null);
            return isThere;
        }
    }
}
