using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/uio.h&gt;</c>: reads and writes that do not block, regardless of O_NONBLOCK. On Linux only.</summary>
internal static unsafe partial class SysUio
{
    private const int RWF_NOWAIT = 0x8;

    // The current offset, as read(2) and write(2) use it.
    private const nint CurrentOffset = -1;

    private static readonly nint SYS_preadv2 = Platform.Current == PlatformId.LinuxArm64 ? 286 : 327;
    private static readonly nint SYS_pwritev2 = Platform.Current == PlatformId.LinuxArm64 ? 287 : 328;

    /// <summary>
    /// preadv2(2) at the current offset with RWF_NOWAIT, by syscall(2) because musl has no wrapper before 1.2.5. -1 leaves the error in
    /// <see cref="Errno.Last"/>: EOPNOTSUPP when the file does not support it.
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
