using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/uio.h&gt;</c>: reads and writes that do not block, regardless of O_NONBLOCK. On Linux only.</summary>
internal static unsafe partial class SysUio
{
    private const int RWF_NOWAIT = 0x8;

    // Stands for the current file offset, which read(2) and write(2) use.
    private const nint CurrentOffset = -1;

    private static readonly nint SYS_preadv2 = Platform.Current == PlatformId.LinuxArm64 ? 286 : 327;
    private static readonly nint SYS_pwritev2 = Platform.Current == PlatformId.LinuxArm64 ? 287 : 328;

    /// <summary>
    /// preadv2(2) or pwritev2(2) at the current file offset with RWF_NOWAIT, called through syscall(2) because musl has no wrappers
    /// before 1.2.5. Returns -1 on failure, with the error in <see cref="Errno.Last"/>: EOPNOTSUPP when the file does not support
    /// RWF_NOWAIT.
    /// </summary>
    public static nint ReadWithoutWaiting(int descriptor, byte* buffer, nuint length) => Call(SYS_preadv2, descriptor, buffer, length);

    /// <inheritdoc cref="ReadWithoutWaiting"/>
    public static nint WriteWithoutWaiting(int descriptor, byte* buffer, nuint length) => Call(SYS_pwritev2, descriptor, buffer, length);

    private static nint Call(nint number, int descriptor, byte* buffer, nuint length)
    {
        var vector = new SysSocket.IoVec { iov_base = buffer, iov_len = length };
        return SysCall(number, descriptor, (nint)(&vector), 1, CurrentOffset, CurrentOffset, RWF_NOWAIT);
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SysCall(nint number, nint first, nint second, nint third, nint fourth, nint fifth, nint sixth);
}
