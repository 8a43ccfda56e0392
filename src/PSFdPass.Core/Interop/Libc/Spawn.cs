using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;spawn.h&gt;</c>: starts processes. These functions return the error number and don't set errno.</summary>
internal static unsafe partial class Spawn
{
    public const short POSIX_SPAWN_SETPGROUP = 0x02;
    public const short POSIX_SPAWN_SETSIGDEF = 0x04;
    public const short POSIX_SPAWN_SETSIGMASK = 0x08;

    /// <summary>On macOS only: in the child, closes every descriptor that is not named in a file action.</summary>
    public const short POSIX_SPAWN_CLOEXEC_DEFAULT = 0x4000;

    /// <summary>
    /// The size to allocate for <c>posix_spawnattr_t</c> (336 bytes in glibc and musl) and <c>posix_spawn_file_actions_t</c> (80 bytes);
    /// on macOS both are pointers.
    /// </summary>
    public const int ObjectSize = 512;

    private static readonly delegate* unmanaged<void*, int, int> AddCloseFromNp =
        (delegate* unmanaged<void*, int, int>)Find("posix_spawn_file_actions_addclosefrom_np");

    private static readonly delegate* unmanaged<void*, byte*, int> AddChangeDirectoryFunction =
        (delegate* unmanaged<void*, byte*, int>)Find("posix_spawn_file_actions_addchdir_np");

    private static readonly delegate* unmanaged<void*, int, int> AddInheritNp =
        (delegate* unmanaged<void*, int, int>)Find("posix_spawn_file_actions_addinherit_np");

    /// <summary>
    /// Gets a value indicating whether this C library has posix_spawn_file_actions_addclosefrom_np (glibc 2.34 and later).
    /// </summary>
    public static bool HasCloseFrom => AddCloseFromNp is not null;

    /// <summary>
    /// Gets a value indicating whether this C library can set the child's working directory (since glibc 2.29, musl 1.1.24 and
    /// macOS 10.15).
    /// </summary>
    public static bool HasChangeDirectory => AddChangeDirectoryFunction is not null;

    /// <summary>posix_spawn_file_actions_addclosefrom_np. Call it only if <see cref="HasCloseFrom"/> is true.</summary>
    public static int AddCloseFrom(void* actions, int first) => AddCloseFromNp(actions, first);

    /// <summary>posix_spawn_file_actions_addchdir_np. Call it only if <see cref="HasChangeDirectory"/> is true.</summary>
    public static int AddChangeDirectory(void* actions, byte* path) => AddChangeDirectoryFunction(actions, path);

    /// <summary>posix_spawn_file_actions_addinherit_np, on macOS only.</summary>
    public static int AddInherit(void* actions, int descriptor) => AddInheritNp(actions, descriptor);

    /// <summary>posix_spawn(3).</summary>
    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    public static partial int Start(int* process, byte* path, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int InitializeActions(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int DestroyActions(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int AddDuplicate(void* actions, int descriptor, int target);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclose")]
    public static partial int AddClose(void* actions, int descriptor);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen")]
    public static partial int AddOpen(void* actions, int descriptor, byte* path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    public static partial int InitializeAttributes(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    public static partial int DestroyAttributes(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    public static partial int SetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setpgroup")]
    public static partial int SetProcessGroup(void* attributes, int group);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial int SetDefaultSignals(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    public static partial int SetSignalMask(void* attributes, void* signals);

    private static void* Find(string name) =>
        NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), name, out nint function) ? (void*)function : null;
}
