using System.Runtime.InteropServices;
using System.Text;

namespace PSFdPass.Interop;

/// <summary><c>&lt;unistd.h&gt;</c>: calls on descriptors and paths, and syscall(2).</summary>
internal static unsafe partial class Unistd
{
    // The number is the same on every architecture.
    private const nint SYS_close_range = 436;

    /// <summary>close(2). It is not repeated after EINTR, because the descriptor is already closed.</summary>
    public static int Close(int descriptor)
    {
        int result = CloseCore(descriptor);
        if (result < 0)
        {
            Errno.Keep();
        }

        return result;
    }

    /// <summary>
    /// close_range(2) (Linux 5.9), called through syscall(2) because musl has no wrapper. Returns false if it is not available; in
    /// that case, nothing has been closed.
    /// </summary>
    public static bool TryCloseRange(int first, int last) =>
        OperatingSystem.IsLinux() && SysCall(SYS_close_range, first, last, 0, 0, 0) == 0;

    /// <summary>
    /// dup3(2) with close-on-exec, or dup2(2) and fcntl(2) on macOS. Makes the target number refer to the descriptor's file in one
    /// step. The call is repeated after EINTR and EBUSY. Returns -1 on failure, with the error in <see cref="Errno.Last"/>.
    /// </summary>
    public static int Replace(int descriptor, int target, bool closeOnExec = true)
    {
        int result;
        do
        {
            result = OperatingSystem.IsMacOS()
                ? Dup2(descriptor, target)
                : Dup3(descriptor, target, closeOnExec ? Constants.Current.O_CLOEXEC : 0);
        }
        while (result < 0 && Errno.Last is Errno.EINTR or Errno.EBUSY);

        if (result >= 0 && closeOnExec && OperatingSystem.IsMacOS())
        {
            _ = Fcntl.Control(target, Constants.F_SETFD, Constants.FD_CLOEXEC);
        }

        return result;
    }

    /// <summary>unlink(2). Returns -1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unlink(string path);

    /// <summary>access(2) with X_OK. Returns false on failure, with the error in <see cref="Errno.Last"/>.</summary>
    public static bool CanExecute(string path)
    {
        const int X_OK = 1;
        return Access(path, X_OK) == 0;
    }

    /// <summary>geteuid(2).</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint GetEUid();

    /// <summary>lseek(2). off_t has 64 bits on every supported system.</summary>
    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(int descriptor, long offset, int whence);

    /// <summary>write(2).</summary>
    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, byte* buffer, nuint length);

    /// <summary>read(2).</summary>
    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, byte* buffer, nuint length);

    /// <summary>ftruncate(2) with a 64-bit off_t. Returns −1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int Truncate(int descriptor, long length);

    /// <summary>pread(2) with a 64-bit off_t.</summary>
    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    public static partial nint ReadAt(int descriptor, byte* buffer, nuint length, long offset);

    /// <summary>pipe(2).</summary>
    [LibraryImport("libc", EntryPoint = "pipe", SetLastError = true)]
    public static partial int Pipe(int* pair);

    /// <summary>pipe2(2), which macOS lacks.</summary>
    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    public static partial int Pipe2(int* pair, int flags);

    /// <summary>dup2(2).</summary>
    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Dup2(int descriptor, int target);

    /// <summary>dup3(2), which macOS lacks.</summary>
    [LibraryImport("libc", EntryPoint = "dup3", SetLastError = true)]
    private static partial int Dup3(int descriptor, int target, int flags);

    /// <summary>
    /// Returns the target of a symbolic link (readlink(2)). Returns null on failure, with the error in <see cref="Errno.Last"/>.
    /// </summary>
    public static string? ReadLink(string path)
    {
        const int PathMax = 4096;
        byte* buffer = stackalloc byte[PathMax];
        nint length = ReadLink(path, buffer, PathMax);
        return length < 0 ? null : Encoding.UTF8.GetString(buffer, (int)length);
    }

    /// <summary>readlinkat(2). Returns -1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    public static partial nint ReadLinkAt(int directory, byte* path, byte* buffer, nuint size);

    /// <summary>syscall(2), on Linux only, for system calls that the C library may not have a wrapper for.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial nint SysCall(nint number, nint first, nint second, nint third, nint fourth, nint fifth);

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);

    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint ReadLink(string path, byte* buffer, nuint size);

    // Declared without SetLastError, which would add one call before each close(2) and two after it. The error is needed only after
    // a failure.
    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseCore(int descriptor);
}
