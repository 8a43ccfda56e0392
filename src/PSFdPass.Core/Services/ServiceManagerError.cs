namespace PSFdPass;

/// <summary>The reason for a <see cref="ServiceManagerException"/>.</summary>
public enum ServiceManagerError
{
    /// <summary>There is no service manager to notify, because the environment variable NOTIFY_SOCKET is not set.</summary>
    NotManaged,

    /// <summary>The descriptors were passed to another process, because LISTEN_PID is not the ID of this process.</summary>
    OtherProcess,

    /// <summary>An environment variable that the service manager sets is malformed.</summary>
    Malformed,

    /// <summary>The address in NOTIFY_SOCKET belongs to a family that is not supported, such as vsock.</summary>
    NotSupported,
}
