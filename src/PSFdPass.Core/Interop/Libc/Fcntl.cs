using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;fcntl.h&gt;</c>: sets descriptor flags, duplicates descriptors and opens files.</summary>
internal static unsafe partial class Fcntl
{
    /// <summary>On Linux, stands for the current directory in calls such as openat(2).</summary>
    public const int AT_FDCWD = -100;

    private const int F_GETPATH = 50;

    /// <summary>
    /// fcntl(2) with a command that takes an int argument or no argument. Returns −1 on failure, with the error in
    /// <see cref="Errno.Last"/>.
    /// </summary>
    public static int Control(int descriptor, int command, int argument = 0) =>
        Platform.VariadicOnStack
            ? ControlOnStack(descriptor, command, 0, 0, 0, 0, 0, 0, argument)
            : ControlInRegister(descriptor, command, argument);

    /// <summary>fcntl(2) with macOS's F_GETPATH. The buffer must have MAXPATHLEN (1024) bytes.</summary>
    public static int GetPath(int descriptor, byte* path) =>
        Platform.VariadicOnStack
            ? ControlOnStack(descriptor, F_GETPATH, 0, 0, 0, 0, 0, 0, (nint)path)
            : ControlInRegister(descriptor, F_GETPATH, (nint)path);

    /// <summary>open(2). The mode is used only with O_CREAT.</summary>
    public static int Open(string path, int flags, int mode = 0) =>
        Platform.VariadicOnStack
            ? OpenOnStack(path, flags, 0, 0, 0, 0, 0, 0, mode)
            : OpenInRegister(path, flags, mode);

    /// <summary>openat(2) without O_CREAT, on Linux only.</summary>
    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(int directory, byte* path, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int ControlInRegister(int descriptor, int command, nint argument);

    // Six filler arguments occupy the registers x2 to x7, so that the argument is passed on the stack, where a variadic function
    // reads it.
    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int ControlOnStack(
        int descriptor, int command, nint x2, nint x3, nint x4, nint x5, nint x6, nint x7, nint argument);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenInRegister(string path, int flags, nint mode);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenOnStack(
        string path, int flags, nint x2, nint x3, nint x4, nint x5, nint x6, nint x7, nint mode);
}
