using System.Runtime.InteropServices;
using System.Text;

namespace PSFdPass.Interop;

/// <summary><c>&lt;linux/openat2.h&gt;</c>: opens a path and controls how it is resolved. On Linux 5.6 and later.</summary>
internal static unsafe class LinuxOpenAt2
{
    /// <summary>
    /// The path must stay under the starting directory. An absolute path is an error, and so is a <c>..</c> or a link that leads
    /// out.
    /// </summary>
    public const ulong RESOLVE_BENEATH = 0x08;

    /// <summary>The path must not contain magic links, such as those in <c>/proc/…/fd</c>.</summary>
    public const ulong RESOLVE_NO_MAGICLINKS = 0x02;

    // Called by number, because glibc has a wrapper only since 2.43. The number is the same on every architecture.
    private const nint SYS_openat2 = 437;

    /// <summary>openat2(2). Returns −1 on failure, with the error in <see cref="Errno.Last"/>.</summary>
    public static int Open(int directory, string path, int flags, int mode, ulong resolve)
    {
        var how = new OpenHow { flags = (uint)flags, mode = (uint)mode, resolve = resolve };
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            return (int)Unistd.SysCall(SYS_openat2, directory, (nint)name, (nint)(&how), sizeof(OpenHow), 0);
        }
    }

    /// <summary><c>struct open_how</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong flags;
        public ulong mode;
        public ulong resolve;
    }
}
