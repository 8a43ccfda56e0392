namespace PSFdPass.Echo;

/// <summary>The account that this process runs under, as the kernel reports it to the other end of a socket.</summary>
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

    /// <summary>Gets the effective user ID of this process.</summary>
    public static uint Id => LazyId.Value;
}
