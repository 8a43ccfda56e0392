using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary>Linux's calls that move data between descriptors inside the kernel (<c>&lt;fcntl.h&gt;</c> with _GNU_SOURCE and others).</summary>
internal static partial class LinuxSplice
{
    public const uint SPLICE_F_MOVE = 0x1;
    public const uint SPLICE_F_NONBLOCK = 0x2;

    /// <summary>
    /// splice(2): moves data from or to a pipe. The offsets are passed as 0 (null), to use the shared offset of the file. Returns 0 at
    /// the end. -1 leaves the error in <see cref="Errno.Last"/>.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "splice", SetLastError = true)]
    public static partial nint Splice(int source, nint sourceOffset, int target, nint targetOffset, nuint length, uint flags);

    /// <summary>copy_file_range(2). The offsets are passed as 0 (null), to use the files' shared ones. Returns 0 at the end.</summary>
    /// <inheritdoc cref="Splice"/>
    [LibraryImport("libc", EntryPoint = "copy_file_range", SetLastError = true)]
    public static partial nint CopyFileRange(int source, nint sourceOffset, int target, nint targetOffset, nuint length, uint flags);

    /// <summary>sendfile(2). The offset is passed as 0 (null), to use the shared one of the source. Returns 0 at the end.</summary>
    /// <inheritdoc cref="Splice"/>
    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    public static partial nint SendFile(int target, int source, nint sourceOffset, nuint length);

    /// <summary>
    /// tee(2): duplicates data from one pipe to another without consuming it. 0 means that no process has the first pipe open for writing.
    /// -1 leaves the error in <see cref="Errno.Last"/>.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "tee", SetLastError = true)]
    public static partial nint Tee(int source, int target, nuint length, uint flags);
}
