using System.Net.Sockets;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// The exception for a system call that failed. The message names the call and the error and, if possible, says what to do.
/// </summary>
public sealed class SystemCallException : IOException
{
    internal SystemCallException(string call, int errno, string? subject = null, Exception? inner = null)
        : this(call, errno, subject, Advice(call, ErrnoNames.NameOf(errno), subject), inner)
    {
    }

    internal SystemCallException(string call, int errno, int descriptor)
        : this(call, errno, SR.Format(SR.SubjectDescriptor, descriptor))
    {
    }

    /// <summary>Creates the exception with a reason, a whole sentence, that can't be derived from the error number.</summary>
    internal SystemCallException(string call, int errno, string subject, string reason)
        : this(call, errno, subject, reason, inner: null)
    {
    }

    private SystemCallException(string call, int errno, string? subject, string? reason, Exception? inner)
        : base(Describe(call, errno, subject, reason), inner)
    {
        Call = call;
        Errno = errno;
        ErrnoName = ErrnoNames.NameOf(errno);
        Subject = subject;
    }

    /// <summary>Gets the path, the address or the descriptor that the call was made on, or null if there was none.</summary>
    public string? Subject { get; }

    /// <summary>Gets the name of the system call or C function that failed, such as <c>sendmsg</c>.</summary>
    public string Call { get; }

    /// <summary>Gets the error number, as this system defines it (errno(3)).</summary>
    public int Errno { get; }

    /// <summary>Gets the name of the error, such as <c>ENOTSOCK</c>.</summary>
    public string ErrnoName { get; }

    /// <summary>Creates the exception for the error of the last system call.</summary>
    /// <remarks>Formatting an argument from a resource can overwrite errno. In that case, read errno first and use a constructor.</remarks>
    internal static SystemCallException FromLast(string call, string? subject = null) => new(call, Interop.Errno.Last, subject);

    /// <summary>Creates the exception for the error of the last system call, which was made on a descriptor.</summary>
    internal static SystemCallException FromLast(string call, int descriptor) => new(call, Interop.Errno.Last, descriptor);

    /// <summary>Creates the exception for the error of a .NET socket operation.</summary>
    public static SystemCallException From(SocketException exception, string call, string? subject = null) =>
        new(call, exception.NativeErrorCode, subject, exception);

    private static string Describe(string call, int errno, string? subject, string? reason)
    {
        (string name, string error) = (ErrnoNames.NameOf(errno), Marshal.GetPInvokeErrorMessage(errno));
        string failure = subject is null
            ? SR.Format(SR.SystemCallFailed, call, error, name)
            : SR.Format(SR.SystemCallFailedOn, call, ShownText.Of(subject), error, name);
        return reason is null ? failure : $"{failure} {reason}";
    }

    private static string? Advice(string call, string name, string? subject) => (name, call) switch
    {
        ("ENOENT", "posix_spawn") => subject?.Contains('/') == true
            ? SR.SpawnFileNotFound
            : SR.SpawnProgramNotFound,
        ("EACCES", "posix_spawn") => SR.SpawnDenied,
        ("ENOEXEC", "posix_spawn") =>SR.SpawnFormatInvalid,
        ("E2BIG", "posix_spawn") => SR.SpawnArgumentsTooLong,
        ("ENOENT", "chdir") => SR.WorkingDirectoryNotFound,
        ("ENOTDIR", "chdir") => SR.WorkingDirectoryInvalid,
        ("EMFILE", _) => SR.DescriptorLimit,
        ("ENFILE", _) => SR.FileLimit,
        ("ETOOMANYREFS", _) =>SR.InFlightLimit,
        ("ENOTSOCK", not "connect") => SR.DescriptorNotSocket,
        ("EBADF", "pidfd_getfd") => SR.DescriptorNotOpenInProcess,
        ("EACCES", "opendir" or "readlink") =>SR.InspectionDenied,
        ("ESRCH", _) => SR.ProcessNotFound,
        ("ENOSYS" or "EPERM", "openat2") =>SR.OpenAt2NotSupported,
        ("ENOSYS", "pidfd_open" or "pidfd_getfd") => SR.PidFdGetFdNotSupported,
        ("EPERM", "pidfd_getfd") => PtraceAdvice(),
        ("EXDEV", "openat2") => SR.PathOutsideDirectory,
        ("ELOOP", "open" or "openat2") => SR.PathLoop,
        ("ENXIO", "open" or "openat2") => SR.OpenNotPossible,
        ("EBADF", "read") => SR.DescriptorNotReadable,
        ("EBADF", "write") => SR.DescriptorNotWritable,
        ("EBADF", _) => SR.DescriptorNotOpen,
        ("ENAMETOOLONG", "bind" or "connect") => SR.Format(SR.AddressTooLong, Constants.Current.SunPathSize - 1),
        ("ECONNREFUSED", "connect") => subject is ['@', ..] ? SR.AbstractNameNotFound : SR.SocketNotListening,
        ("ENOENT", "connect") => SR.SocketNotFound,
        ("EACCES", "connect") => SR.ConnectDenied,
        ("EPROTOTYPE", "connect") => SR.SocketTypeDifferent,
        ("EPROTONOSUPPORT", "socket" or "socketpair") => SR.SocketTypeNotSupported,
        ("EADDRINUSE", "bind") when IsInternetAddress(subject) =>SR.PortInUse,
        ("EINVAL", "accept") => SR.NotListening,
        ("EOPNOTSUPP", "accept") => SR.DatagramNotAccepted,
        ("EPERM", "sendmsg") => SR.SendDenied,
        ("EPIPE" or "ECONNRESET", "sendmsg" or "recvmsg" or "recvmmsg" or "send" or "recv") => SR.PeerClosed,
        ("ENOTCONN", "sendmsg") => SR.NotConnected,
        ("EMSGSIZE", "sendmsg") => SR.PacketTooLarge,
        ("EINVAL", "recvmsg") => SR.NotConnected,
        ("EINVAL", "sendmsg") =>SR.SendNotSupported,
        _ => null,
    };

    // This is a separate method so that the first error in a process with a full descriptor table does not need to load
    // System.Net.Primitives.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsInternetAddress(string? subject) => IPEndPoint.TryParse(subject ?? "", out _);

    // pidfd_getfd(2) requires the same permission as attaching a debugger, and the Yama security module may require more.
    private static string PtraceAdvice()
    {
        string? scope = ProcFs.TryRead("/proc/sys/kernel/yama/ptrace_scope")?.Trim() switch
        {
            "0" => SR.PtraceScope0,
            "1" => SR.PtraceScope1,
            "2" => SR.PtraceScope2,
            "3" => SR.PtraceScope3,
            _ => null,
        };
        return scope is null ? SR.PtraceRequired : $"{SR.PtraceRequired} {scope}";
    }
}
