using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary>
/// The Linux calls that move data between descriptors inside the kernel (<c>&lt;fcntl.h&gt;</c> with _GNU_SOURCE and others).
/// </summary>
internal static partial class LinuxSplice
{
    public const uint SPLICE_F_MOVE = 0x1;
    public const uint SPLICE_F_NONBLOCK = 0x2;

    /// <summary>
    /// splice(2): moves data from or to a pipe. The offsets are passed as 0 (null), so that the shared offset of the file is used.
    /// Returns 0 at the end of the input. Returns -1 on failure, with the error in <see cref="Errno.Last"/>.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "splice", SetLastError = true)]
    public static partial nint Splice(int source, nint sourceOffset, int target, nint targetOffset, nuint length, uint flags);

    /// <summary>
    /// copy_file_range(2). The offsets are passed as 0 (null), so that the shared offsets of the files are used. Returns 0 at the
    /// end of the source.
    /// </summary>
    /// <inheritdoc cref="Splice"/>
    [LibraryImport("libc", EntryPoint = "copy_file_range", SetLastError = true)]
    public static partial nint CopyFileRange(int source, nint sourceOffset, int target, nint targetOffset, nuint length, uint flags);

    /// <summary>
    /// sendfile(2). The offset is passed as 0 (null), so that the shared offset of the source is used. Returns 0 at the end of the
    /// source.
    /// </summary>
    /// <inheritdoc cref="Splice"/>
    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    public static partial nint SendFile(int target, int source, nint sourceOffset, nuint length);

    /// <summary>
    /// tee(2): duplicates data from one pipe to another without consuming it. Returns 0 when the first pipe is empty and no process
    /// has it open for writing. Returns -1 on failure, with the error in <see cref="Errno.Last"/>.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "tee", SetLastError = true)]
    public static partial nint Tee(int source, int target, nuint length, uint flags);
}
