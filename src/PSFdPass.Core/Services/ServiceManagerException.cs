namespace PSFdPass;

/// <summary>The exception for an environment in which an operation with the service manager is not possible.</summary>
public sealed class ServiceManagerException : InvalidOperationException
{
    internal ServiceManagerException(ServiceManagerError reason, string message)
        : base(message) => Reason = reason;

    /// <summary>Gets the reason.</summary>
    public ServiceManagerError Reason { get; }
}
