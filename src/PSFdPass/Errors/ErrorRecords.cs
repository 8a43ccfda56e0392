using System.Management.Automation;

namespace PSFdPass.Errors;

/// <summary>
/// Creates error records from exceptions. Each has an ID that a script can check, a category, the object that the error is about, and
/// advice.
/// </summary>
internal static class ErrorRecords
{
    /// <summary>Returns whether an exception is an error to report to the user, and not a fault of this module.</summary>
    public static bool IsExpected(Exception exception) => exception is
        IOException or TimeoutException or ArgumentException or InvalidOperationException or NotSupportedException or
        UnauthorizedAccessException or InsufficientMemoryException or SessionStateException or WildcardPatternException;

    /// <summary>Creates the record for an exception.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="target">The object that the error is about. A message that the exception carries takes precedence.</param>
    /// <param name="advice">Advice on the error, which is shown after the message.</param>
    /// <param name="text">The message; null to use that of the exception.</param>
    public static ErrorRecord From(Exception exception, object? target, string? advice = null, string? text = null)
    {
        exception = exception is Descriptors.DescriptorsPendingException pending ? new DescriptorsPendingException(pending) : exception;
        ErrorRecord record = RecordOf(exception, target);
        advice ??= AdviceOn(exception);
        text ??= TextOf(exception);
        if (advice is not null || text != exception.Message)
        {
            record.ErrorDetails = new ErrorDetails(advice is null ? text : $"{text} {advice}");
        }

        return record;
    }

    // Core's messages don't mention cmdlets.
    private static string? AdviceOn(Exception exception) => exception switch
    {
        NotUnixSocketException => SR.NotUnixSocketAdvice,
        DescriptorElsewhereException => SR.DescriptorElsewhereAdvice,
        NoDescriptorException => SR.NoDescriptorAdvice,
        _ => null,
    };

    // .NET's messages contain the parameter of a method, which the cmdlet does not have, and the type of a closed object.
    private static string TextOf(Exception exception) => exception switch
    {
        ObjectDisposedException { ObjectName: { Length: > 0 } name } => SR.Format(SR.ObjectClosed, name),
        ArgumentException { ParamName: { } parameter } =>
            exception.Message.Split($" (Parameter '{parameter}')")[0],
        _ => exception.Message,
    };

    private static ErrorRecord RecordOf(Exception exception, object? target) => exception switch
    {
        WildcardPatternException => new ErrorRecord(exception, "InvalidPattern", ErrorCategory.InvalidArgument, target),
        ItemNotFoundException => new ErrorRecord(exception, "NotFound", ErrorCategory.ObjectNotFound, target),

        // PowerShell's own exceptions, such as the one for a missing drive, already have a record.
        IContainsErrorRecord { ErrorRecord: { } record } => new ErrorRecord(record, exception),
        SystemCallException error => new ErrorRecord(error, error.ErrnoName, CategoryOf(error.ErrnoName), target),
        FdHolderException error => new ErrorRecord(error, error.ErrnoName, CategoryOf(error.ErrnoName), target),
        ServiceManagerException error => new ErrorRecord(error, error.Reason.ToString(), ErrorCategory.InvalidOperation, target),
        SocketTakeoverException error => new ErrorRecord(error, $"Takeover{error.Reason}", ErrorCategory.ConnectionError, target),
        PeerClosedException => new ErrorRecord(exception, "PeerClosed", ErrorCategory.ConnectionError, target),
        NoDescriptorException error => new ErrorRecord(error, "NoDescriptor", ErrorCategory.InvalidData, error.Received),
        DescriptorsLostException error => new ErrorRecord(error, "DescriptorsLost", ErrorCategory.LimitsExceeded, error.Received),
        NotUnixSocketException => new ErrorRecord(exception, "NotUnixSocket", ErrorCategory.InvalidArgument, target),
        TimeoutException => new ErrorRecord(exception, "TimedOut", ErrorCategory.OperationTimeout, target),
        ObjectDisposedException => new ErrorRecord(exception, "Closed", ErrorCategory.InvalidOperation, target),
        ArgumentOutOfRangeException => new ErrorRecord(exception, "OutOfRange", ErrorCategory.InvalidArgument, target),
        DescriptorElsewhereException => new ErrorRecord(exception, "DescriptorElsewhere", ErrorCategory.InvalidArgument, target),
        ArgumentException => new ErrorRecord(exception, "InvalidArgument", ErrorCategory.InvalidArgument, target),
        DescriptorInUseException error => new ErrorRecord(error, "DescriptorInUse", ErrorCategory.ResourceBusy, target),
        DescriptorsPendingException => new ErrorRecord(exception, "DescriptorsPending", ErrorCategory.InvalidOperation, target),
        InvalidOperationException => new ErrorRecord(exception, NameOf(exception), ErrorCategory.InvalidOperation, target),
        UnauthorizedAccessException => new ErrorRecord(exception, "UnauthorizedAccess", ErrorCategory.PermissionDenied, target),
        InsufficientMemoryException => new ErrorRecord(exception, "OutOfMemory", ErrorCategory.ResourceUnavailable, target),
        NotSupportedException => new ErrorRecord(exception, "NotSupported", ErrorCategory.NotImplemented, target),
        _ => new ErrorRecord(exception, NameOf(exception), ErrorCategory.NotSpecified, target),
    };

    private static string NameOf(Exception exception) => exception.GetType().Name.Replace("Exception", "");

    private static ErrorCategory CategoryOf(string errno) => errno switch
    {
        "EPERM" or "EACCES" or "EROFS" or "EXDEV" => ErrorCategory.PermissionDenied,
        "ENOENT" or "ENOTDIR" or "ESRCH" or "ENXIO" or "ENODEV" => ErrorCategory.ObjectNotFound,
        "EEXIST" or "EADDRINUSE" => ErrorCategory.ResourceExists,
        "EBUSY" or "ETXTBSY" or "EAGAIN" => ErrorCategory.ResourceBusy,
        "EMFILE" or "ENFILE" or "ENOMEM" or "ENOBUFS" or "ENOSPC" or "ETOOMANYREFS" or "EMSGSIZE" or "E2BIG" => ErrorCategory.LimitsExceeded,
        "EPIPE" or "ECONNRESET" or "ECONNREFUSED" or "ENOTCONN" or "ECONNABORTED" or "EADDRNOTAVAIL" => ErrorCategory.ConnectionError,
        "EBADF" or "ENOTSOCK" or "EINVAL" or "ENAMETOOLONG" or "EISDIR" or "ELOOP" or "EPROTOTYPE" or "EDOM" => ErrorCategory.InvalidArgument,
        "ETIMEDOUT" => ErrorCategory.OperationTimeout,
        "ENOSYS" or "EOPNOTSUPP" or "EPROTONOSUPPORT" or "ESOCKTNOSUPPORT" => ErrorCategory.NotImplemented,
        _ => ErrorCategory.NotSpecified,
    };
}
