namespace PSFdPass;

/// <summary>The exception for an operation that is not possible because of the environment variables of the service manager.</summary>
public sealed class ServiceManagerException : InvalidOperationException
{
    internal ServiceManagerException(ServiceManagerError reason, string message)
        : base(message) => Reason = reason;

    /// <summary>Gets the reason.</summary>
    public ServiceManagerError Reason { get; }
}
