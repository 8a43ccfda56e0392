using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/eventfd.h&gt;</c>: creates event descriptors. On Linux only.</summary>
internal static partial class SysEventFd
{
    public const int EFD_CLOEXEC = 0x80000;
    public const int EFD_NONBLOCK = 0x800;

    /// <summary>eventfd(2). Returns -1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int Create(uint count, int flags);
}
