using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/mman.h&gt;</c>: files that live in memory only. On Linux only.</summary>
internal static partial class SysMman
{
    public const uint MFD_CLOEXEC = 0x1;
    public const uint MFD_ALLOW_SEALING = 0x2;

    /// <summary>Never executable (Linux 6.3); a system can be set to make no other kind (the sysctl <c>vm.memfd_noexec</c>).</summary>
    public const uint MFD_NOEXEC_SEAL = 0x8;

    /// <summary>Bytes that a name has at most: NAME_MAX without the kernel's own <c>memfd:</c>.</summary>
    public const int MaxNameLength = 249;

    /// <summary>memfd_create(2). −1 leaves the error in <see cref="Errno.Last"/>.</summary>
    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MemFdCreate(string name, uint flags);
}
