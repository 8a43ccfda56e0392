using System.Runtime.InteropServices;
using System.Text;

namespace PSFdPass.Interop;

/// <summary><c>&lt;libproc.h&gt;</c> of macOS: the names of processes. Taken from its header; not tested on macOS.</summary>
internal static unsafe partial class LibProc
{
    // 2 * MAXCOMLEN: the largest number of bytes that proc_name fills in.
    private const int MaxName = 32;

    /// <summary>proc_name: the name of a process; empty when it has ended.</summary>
    public static string NameOf(int process)
    {
        byte* name = stackalloc byte[MaxName + 1];
        int length = ProcName(process, name, MaxName + 1);
        return length > 0 ? Encoding.UTF8.GetString(name, length) : "";
    }

    [LibraryImport("libproc", EntryPoint = "proc_name", SetLastError = true)]
    private static partial int ProcName(int process, byte* buffer, uint size);
}
