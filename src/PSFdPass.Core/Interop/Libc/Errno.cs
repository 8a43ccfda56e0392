using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;errno.h&gt;</c>: the error numbers that the code checks for, and the error of the last system call.</summary>
internal static class Errno
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int ESRCH = 3;
    public const int EINTR = 4;
    public const int ENXIO = 6;
    public const int ENOEXEC = 8;
    public const int EBADF = 9;
    public const int ECHILD = 10;
    public const int EACCES = 13;
    public const int EBUSY = 16;
    public const int EEXIST = 17;
    public const int EXDEV = 18;
    public const int ENOTDIR = 20;
    public const int EISDIR = 21;
    public const int EINVAL = 22;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int ENOTTY = 25;
    public const int EPIPE = 32;
    public const int ERANGE = 34;

    // The numbers above are the same on every Unix. The following ones differ and are looked up by name.
    public static readonly int EAGAIN = ErrnoNames.NumberOf("EAGAIN");
    public static readonly int EADDRINUSE = ErrnoNames.NumberOf("EADDRINUSE");
    public static readonly int ECONNREFUSED = ErrnoNames.NumberOf("ECONNREFUSED");
    public static readonly int ECONNRESET = ErrnoNames.NumberOf("ECONNRESET");
    public static readonly int ECONNABORTED = ErrnoNames.NumberOf("ECONNABORTED");
    public static readonly int EINPROGRESS = ErrnoNames.NumberOf("EINPROGRESS");
    public static readonly int EMSGSIZE = ErrnoNames.NumberOf("EMSGSIZE");
    public static readonly int ENAMETOOLONG = ErrnoNames.NumberOf("ENAMETOOLONG");
    public static readonly int ENOBUFS = ErrnoNames.NumberOf("ENOBUFS");
    public static readonly int ENOPROTOOPT = ErrnoNames.NumberOf("ENOPROTOOPT");
    public static readonly int ENOSYS = ErrnoNames.NumberOf("ENOSYS");
    public static readonly int ENOTCONN = ErrnoNames.NumberOf("ENOTCONN");
    public static readonly int EOPNOTSUPP = ErrnoNames.NumberOf("EOPNOTSUPP");
    public static readonly int ENOTSOCK = ErrnoNames.NumberOf("ENOTSOCK");
    public static readonly int ETOOMANYREFS = ErrnoNames.NumberOf("ETOOMANYREFS");

    /// <summary>Gets the error number of the last system call. Read it before any other code can make a system call.</summary>
    public static int Last => Marshal.GetLastPInvokeError();

    /// <summary>
    /// Saves the error of a call that was made without SetLastError, so that <see cref="Last"/> returns it. Must immediately follow
    /// that call. The code generated for SetLastError does the same, but after every call, not only after a failed one.
    /// </summary>
    public static void Keep() => Marshal.SetLastPInvokeError(Marshal.GetLastSystemError());
}
