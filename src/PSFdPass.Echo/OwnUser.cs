namespace PSFdPass.Echo;

/// <summary>The effective user of this process, as the kernel reports it to the other end of a socket.</summary>
internal static class OwnUser
{
    private static readonly Lazy<uint> LazyId = new(static () =>
    {
        (System.Net.Sockets.Socket left, System.Net.Sockets.Socket right) = UnixSocket.CreatePair();
        using (left)
        using (right)
        using (var peer = UnixSocketPeer.Of(left.SafeHandle))
        {
            return peer.UserId;
        }
    });

    /// <summary>Gets the user ID.</summary>
    public static uint Id => LazyId.Value;
}
