using System.Net.Sockets;
using System.Net;
using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>A system call failed. The message names the call, the error and, where that is known, what to do.</summary>
public sealed class SystemCallException : IOException
{
    internal SystemCallException(string call, int errno, string? subject = null)
        : base(Describe(call, errno, subject))
    {
        Call = call;
        Errno = errno;
        ErrnoName = ErrnoNames.NameOf(errno);
        Subject = subject;
    }

    /// <summary>Creates the exception with a reason that the error number does not have, as a sentence.</summary>
    internal SystemCallException(string call, int errno, string subject, string reason)
        : base($"{call} ({subject}): {Marshal.GetPInvokeErrorMessage(errno)} ({ErrnoNames.NameOf(errno)}). {reason}")
    {
        Call = call;
        Errno = errno;
        ErrnoName = ErrnoNames.NameOf(errno);
        Subject = subject;
    }

    private SystemCallException(string call, int errno, string? subject, Exception inner)
        : base(Describe(call, errno, subject), inner)
    {
        Call = call;
        Errno = errno;
        ErrnoName = ErrnoNames.NameOf(errno);
        Subject = subject;
    }

    /// <summary>Gets the path, the address or the descriptor that the call was about; null when there was none.</summary>
    public string? Subject { get; }

    /// <summary>The system call that failed, by its name in section 2 of the manual: <c>sendmsg</c>.</summary>
    public string Call { get; }

    /// <summary>The error number, as this system counts them (errno(3)).</summary>
    public int Errno { get; }

    /// <summary>The name of the error: <c>ENOTSOCK</c>.</summary>
    public string ErrnoName { get; }

    /// <summary>The error that the call just made has left.</summary>
    internal static SystemCallException FromLast(string call, string? subject = null) => new(call, Interop.Errno.Last, subject);

    /// <summary>The error that a .NET socket operation wraps.</summary>
    public static SystemCallException From(SocketException exception, string call, string? subject = null) =>
        new(call, exception.NativeErrorCode, subject, exception);

    private static string Describe(string call, int errno, string? subject)
    {
        string name = ErrnoNames.NameOf(errno);
        string about = subject is null ? call : $"{call} ({subject})";
        string text = $"{about}: {Marshal.GetPInvokeErrorMessage(errno)} ({name}).";
        return Advice(call, name, subject) is { } advice ? $"{text} {advice}" : text;
    }

    private static string? Advice(string call, string name, string? subject) => (name, call) switch
    {
        ("ENOENT", "posix_spawn") => subject?.Contains('/') == true
            ? "The file does not exist, or the interpreter in its first line does not."
            : "No directory of PATH contains this program.",
        ("EACCES", "posix_spawn") => "The file is not an executable program, or a directory above it can't be searched.",
        ("ENOEXEC", "posix_spawn") =>
            "The file is neither a program for this machine nor a script whose first line names an interpreter (#!/bin/sh).",
        ("E2BIG", "posix_spawn") => "The arguments and the environment together are too long.",
        ("ENOENT", "chdir") => "The working directory does not exist.",
        ("ENOTDIR", "chdir") => "The working directory is not a directory.",
        ("EMFILE", _) => "This process has as many descriptors as it may: close some, or raise its limit (ulimit -n).",
        ("ENFILE", _) => "The whole system has as many open files as it may (fs.file-max).",
        ("ETOOMANYREFS", _) =>
            "Descriptors that this user has sent and nobody has received yet exceed the limit of open files: " +
            "let the receiver catch up, or raise the limit (ulimit -n).",
        ("ENOTSOCK", not "connect") => "The descriptor is open, but is not a socket.",
        ("EBADF", "pidfd_getfd") => "That process has no such descriptor open.",
        ("EACCES", "opendir" or "readlink") =>
            "To look at a process's descriptors is to be of its user, with no fewer privileges, or to have CAP_SYS_PTRACE (ptrace(2), " +
            "PTRACE_MODE_READ): ask as that user, or as root.",
        ("ESRCH", _) => "There is no such process: it has ended, or is hidden from this one.",
        ("ENOSYS" or "EPERM", "openat2") =>
            "The kernel has no openat2 (Linux 5.6), or a sandbox keeps it away, and there is no other safe way to stay beneath a folder.",
        ("ENOSYS", "pidfd_open" or "pidfd_getfd") => "The kernel has no pidfd_getfd (Linux 5.6), or a sandbox keeps it away.",
        ("EPERM", "pidfd_getfd") => PtraceAdvice(),
        ("EXDEV", "openat2") => "The path leads out of the folder that it has to stay beneath.",
        ("ELOOP", "open" or "openat2") => "Its last part is a symbolic link that is not to be followed, or too many links lead on to others.",
        ("ENXIO", "open" or "openat2") => "It is a socket, which is not opened but connected to, or a device that is not there.",
        ("EBADF", "read") => "The descriptor is not open, or not open for reading.",
        ("EBADF", "write") => "The descriptor is not open, or not open for writing.",
        ("EBADF", _) => "The descriptor is not open: it was closed, or never was one of this process's.",
        ("ENAMETOOLONG", "bind" or "connect") =>
            $"A socket's path or abstract name has at most {Constants.Current.SunPathSize - 1} bytes on this system: use a shorter one.",
        ("ECONNREFUSED", "connect") => subject is ['@', ..] ? "Nobody listens on that abstract name." : "The socket is there, but nobody listens on it.",
        ("ENOENT", "connect") => "There is no such socket.",
        ("EACCES", "connect") => "To connect takes write permission on the socket's file, and search permission on its folders.",
        ("EPROTOTYPE", "connect") => "The socket there is of another type: Stream, SeqPacket or Datagram.",
        ("EPROTONOSUPPORT", "socket" or "socketpair") => "This system has no Unix-domain sockets of that type (macOS has no SeqPacket).",
        ("EADDRINUSE", "bind") when IPEndPoint.TryParse(subject ?? "", out _) =>
            "Another program listens there: choose another port; 0 takes a free one.",
        ("EINVAL", "accept") => "The socket does not listen.",
        ("EOPNOTSUPP", "accept") => "A datagram socket has no connections: what is sent to it is received from it directly.",
        ("EPERM", "sendmsg") => "The receiver refuses descriptors (SO_PASSRIGHTS is off), or they may not be passed.",
        ("EPIPE" or "ECONNRESET", "sendmsg" or "recvmsg" or "recvmmsg" or "send" or "recv") => "The other end has closed the connection.",
        ("ENOTCONN", "sendmsg") => "The socket is not connected.",
        ("EMSGSIZE", "sendmsg") => "The packet is larger than the socket's send buffer.",
        ("EINVAL", "recvmsg") => "The socket is not connected.",
        ("EINVAL", "sendmsg") =>
            "This socket does not carry descriptors: it has to be a connected Unix-domain socket (AF_UNIX).",
        _ => null,
    };

    // What pidfd_getfd asks for is what a debugger needs, and the Yama security module may ask for more.
    private static string PtraceAdvice()
    {
        const string Rule =
            "To take a descriptor out of a process is to be allowed to debug it (ptrace(2), PTRACE_MODE_ATTACH): it has to be of " +
            "the same user and without more privileges, or this process needs CAP_SYS_PTRACE.";
        return ProcFs.TryRead("/proc/sys/kernel/yama/ptrace_scope")?.Trim() switch
        {
            "1" => Rule + " Here kernel.yama.ptrace_scope is 1: it also has to be a process that this one started, or one that " +
                "has allowed this one (prctl(2), PR_SET_PTRACER).",
            "2" => Rule + " Here kernel.yama.ptrace_scope is 2: only CAP_SYS_PTRACE will do.",
            "3" => Rule + " Here kernel.yama.ptrace_scope is 3: nobody may, until the system is restarted.",
            "0" => Rule + " (kernel.yama.ptrace_scope is 0, and asks for nothing more.)",
            _ => Rule,
        };
    }
}
