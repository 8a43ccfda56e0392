namespace PSFdPass;

/// <summary>The exception that is thrown when the environment variables of the service manager do not allow an operation.</summary>
public sealed class ServiceManagerException : InvalidOperationException
{
    internal ServiceManagerException(ServiceManagerError reason, string message)
        : base(message) => Reason = reason;

    /// <summary>Gets the reason why the operation is not possible.</summary>
    public ServiceManagerError Reason { get; }
}
