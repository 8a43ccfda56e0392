using System.Runtime.InteropServices;
using System.Text;

namespace PSFdPass.Interop;

/// <summary>
/// <c>&lt;libproc.h&gt;</c> of macOS: looks up the names of processes. Written from the header; not tested on macOS.
/// </summary>
internal static unsafe partial class LibProc
{
    // 2 * MAXCOMLEN: the largest number of bytes that proc_name fills in.
    private const int MaxName = 32;

    /// <summary>proc_name: returns the name of a process, or an empty string if it has ended.</summary>
    public static string NameOf(int process)
    {
        byte* name = stackalloc byte[MaxName + 1];
        int length = ProcName(process, name, MaxName + 1);
        return length > 0 ? Encoding.UTF8.GetString(name, length) : "";
    }

    [LibraryImport("libproc", EntryPoint = "proc_name", SetLastError = true)]
    private static partial int ProcName(int process, byte* buffer, uint size);
}
