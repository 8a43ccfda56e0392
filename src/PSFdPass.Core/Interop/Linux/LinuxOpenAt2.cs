using System.Runtime.InteropServices;
using System.Text;

namespace PSFdPass.Interop;

/// <summary><c>&lt;linux/openat2.h&gt;</c>: open a path with a say in how it is resolved. Linux 5.6 and later.</summary>
internal static unsafe class LinuxOpenAt2
{
    /// <summary>The path stays under the directory it starts from: no absolute path, no <c>..</c> or link that leads out.</summary>
    public const ulong RESOLVE_BENEATH = 0x08;

    /// <summary>No link of the kind that <c>/proc/…/fd</c> has.</summary>
    public const ulong RESOLVE_NO_MAGICLINKS = 0x02;

    // No libc has a wrapper for it yet; the number is the same on every architecture.
    private const nint SYS_openat2 = 437;

    /// <summary>openat2(2). −1 leaves the error in <see cref="Errno.Last"/>.</summary>
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
