using System.Management.Automation;
using PSFdPass.Descriptors;
using PSFdPass.Interop;
using PSFdPass.Sockets;

namespace PSFdPass.Commands;

/// <summary>Turns what Core throws into error records: an id to catch by, a category, and the object it is about.</summary>
internal static class ErrorRecords
{
    /// <summary>Whether an exception is one that users should see as an error, and not a fault of this module.</summary>
    public static bool IsExpected(Exception exception) => exception is
        IOException or TimeoutException or ArgumentException or InvalidOperationException or NotSupportedException or
        UnauthorizedAccessException or SessionStateException;

    /// <summary>The record for an exception.</summary>
    /// <param name="exception">What happened.</param>
    /// <param name="target">What it happened to; a message that an exception carries comes before it.</param>
    public static ErrorRecord From(Exception exception, object? target) => exception switch
    {
        // PowerShell's own, such as a drive that is not there, come with a record.
        IContainsErrorRecord { ErrorRecord: { } record } => new ErrorRecord(record, exception),
        SystemCallException error => new ErrorRecord(error, error.ErrnoName, CategoryOf(error.ErrnoName), target),
        PeerClosedException => new ErrorRecord(exception, "PeerClosed", ErrorCategory.ConnectionError, target),
        NoDescriptorException error => new ErrorRecord(error, "NoDescriptor", ErrorCategory.InvalidData, error.Received),
        DescriptorsLostException error => new ErrorRecord(error, "DescriptorsLost", ErrorCategory.LimitsExceeded, error.Received),
        NotUnixSocketException => new ErrorRecord(exception, "NotUnixSocket", ErrorCategory.InvalidArgument, target),
        TimeoutException => new ErrorRecord(exception, "TimedOut", ErrorCategory.OperationTimeout, target),
        ObjectDisposedException error => new ErrorRecord(error, "Closed", ErrorCategory.InvalidOperation, target)
        {
            ErrorDetails = new ErrorDetails(error.ObjectName is { Length: > 0 } name ? $"The {name} is closed." : error.Message),
        },
        ArgumentOutOfRangeException => new ErrorRecord(exception, "OutOfRange", ErrorCategory.InvalidArgument, target),
        ArgumentException => new ErrorRecord(exception, "InvalidArgument", ErrorCategory.InvalidArgument, target),
        DescriptorInUseException error => new ErrorRecord(error, "DescriptorInUse", ErrorCategory.ResourceBusy, target),
        NotSupportedException => new ErrorRecord(exception, "NotSupported", ErrorCategory.NotImplemented, target),
        _ => new ErrorRecord(exception, exception.GetType().Name.Replace("Exception", ""), ErrorCategory.NotSpecified, target),
    };

    private static ErrorCategory CategoryOf(string errno) => errno switch
    {
        "EPERM" or "EACCES" or "EROFS" or "EXDEV" => ErrorCategory.PermissionDenied,
        "ENOENT" or "ENOTDIR" or "ESRCH" => ErrorCategory.ObjectNotFound,
        "EEXIST" or "EADDRINUSE" => ErrorCategory.ResourceExists,
        "EMFILE" or "ENFILE" or "ENOMEM" or "ENOBUFS" or "ENOSPC" or "ETOOMANYREFS" or "EMSGSIZE" => ErrorCategory.LimitsExceeded,
        "EPIPE" or "ECONNRESET" or "ECONNREFUSED" or "ENOTCONN" => ErrorCategory.ConnectionError,
        "EBADF" or "ENOTSOCK" or "EINVAL" or "ENAMETOOLONG" or "EISDIR" or "ELOOP" => ErrorCategory.InvalidArgument,
        "ENOSYS" => ErrorCategory.NotImplemented,
        _ => ErrorCategory.NotSpecified,
    };
}
