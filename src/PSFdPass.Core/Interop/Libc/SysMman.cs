using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/mman.h&gt;</c>: files that exist only in memory. On Linux only.</summary>
internal static partial class SysMman
{
    public const uint MFD_CLOEXEC = 0x1;
    public const uint MFD_ALLOW_SEALING = 0x2;

    /// <summary>
    /// The file is never executable (Linux 6.3). A system can require this flag (through the sysctl <c>vm.memfd_noexec</c>).
    /// </summary>
    public const uint MFD_NOEXEC_SEAL = 0x8;

    /// <summary>The maximum length of a name in bytes: NAME_MAX minus the prefix <c>memfd:</c>, which the kernel adds.</summary>
    public const int MaxNameLength = 249;

    /// <summary>memfd_create(2). Returns −1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MemFdCreate(string name, uint flags);
}
