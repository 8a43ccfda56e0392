namespace PSFdPass.Echo;

/// <summary>Temporary errors, after which a player tries again.</summary>
internal static class SoftErrors
{
    /// <summary>
    /// Returns whether an error can be temporary. EACCES is included, because a wide receiver that is starting creates its socket before it
    /// sets the mode.
    /// </summary>
    public static bool Contains(SystemCallException exception) => exception.ErrnoName is
        "EINTR" or "EAGAIN" or "ENOBUFS" or "ENOMEM" or "EMFILE" or "ENFILE" or "EACCES" or "ETIMEDOUT" or "ECONNABORTED" or "EPROTO";
}
