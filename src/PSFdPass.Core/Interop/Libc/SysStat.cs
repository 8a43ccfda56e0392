using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/stat.h&gt;</c>: the type and other attributes of a file.</summary>
internal static unsafe partial class SysStat
{
    public const int S_IFMT = 0xF000;
    public const int S_IFIFO = 0x1000;
    public const int S_IFCHR = 0x2000;
    public const int S_IFDIR = 0x4000;
    public const int S_IFBLK = 0x6000;
    public const int S_IFREG = 0x8000;
    public const int S_IFLNK = 0xA000;
    public const int S_IFSOCK = 0xC000;

    // struct statx is the same on every Linux system; struct stat and the libc symbol for fstat differ.
    private const int AT_EMPTY_PATH = 0x1000;
    private const int STATX_BASIC_STATS = 0x7ff;
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int BufferSize = 256;

    private static readonly nint SYS_statx = Platform.Current == PlatformId.LinuxArm64 ? 291 : 332;

    /// <summary>The mode, inode, size, number of hard links and device of a file.</summary>
    public readonly record struct FileStatus(int Mode, ulong Inode, long Size, ulong Links, ulong Device)
    {
        /// <summary>Gets the S_IF… bits of the mode, or 0 for an anonymous inode.</summary>
        public int Type => Mode & S_IFMT;
    }

    /// <summary>fstat(2). Returns false on failure, with the error in <see cref="Errno.Last"/>.</summary>
    public static bool TryGetStatus(int descriptor, out FileStatus status)
    {
        byte* buffer = stackalloc byte[BufferSize];
        byte noPath = 0;
        bool ok = OperatingSystem.IsLinux() ? StatX(descriptor, &noPath, AT_EMPTY_PATH, buffer)
            : UsesInode64Names ? FStatInode64(descriptor, buffer) == 0
            : FStat(descriptor, buffer) == 0;
        status = ok ? Read(new ReadOnlySpan<byte>(buffer, BufferSize), Platform.Current) : default;
        return ok;
    }

    /// <summary>lstat(2). Returns false on failure, with the error in <see cref="Errno.Last"/>.</summary>
    public static bool TryGetStatusOfLink(string path, out FileStatus status)
    {
        byte* buffer = stackalloc byte[BufferSize];
        bool ok;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            ok = OperatingSystem.IsLinux() ? StatX(Fcntl.AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, buffer)
                : UsesInode64Names ? LStatInode64(name, buffer) == 0
                : LStat(name, buffer) == 0;
        }

        status = ok ? Read(new ReadOnlySpan<byte>(buffer, BufferSize), Platform.Current) : default;
        return ok;
    }

    /// <summary>stat(2), which follows links. Returns false on failure, with the error in <see cref="Errno.Last"/>.</summary>
    public static bool TryGetStatusOfPath(string path, out FileStatus status)
    {
        byte* buffer = stackalloc byte[BufferSize];
        bool ok;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            ok = OperatingSystem.IsLinux() ? StatX(Fcntl.AT_FDCWD, name, 0, buffer)
                : UsesInode64Names ? StatInode64(name, buffer) == 0
                : Stat(name, buffer) == 0;
        }

        status = ok ? Read(new ReadOnlySpan<byte>(buffer, BufferSize), Platform.Current) : default;
        return ok;
    }

    /// <summary>fchmod(2).</summary>
    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    public static partial int FChMod(int descriptor, uint mode);

    /// <summary>chmod(2), which follows links.</summary>
    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ChMod(string path, uint mode);

    /// <summary>fchmodat(2) with AT_SYMLINK_NOFOLLOW, relative to the current directory. On macOS only.</summary>
    public static int LChModOnMacOS(string path, uint mode)
    {
        const int AT_FDCWD = -2;
        const int AT_SYMLINK_NOFOLLOW = 0x20;
        return FChModAt(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW);
    }

    [LibraryImport("libc", EntryPoint = "fchmodat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FChModAt(int directory, string path, uint mode, int flags);

    /// <summary>Reads the structure of the specified system: <c>struct statx</c> on Linux, <c>struct stat</c> elsewhere.</summary>
    public static FileStatus Read(ReadOnlySpan<byte> bytes, PlatformId platform)
    {
        (int mode, int inode, int size) = platform switch
        {
            PlatformId.MacOS => (4, 8, 96),
            _ => (28, 32, 40),
        };
        (ulong links, ulong device) = platform switch
        {
            PlatformId.MacOS => (
                BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes)),
            _ => (
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
                ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes[136..]) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(bytes[140..])),
        };
        return new FileStatus(
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[mode..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[inode..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[size..]),
            links,
            device);
    }

    // On macOS for x86-64, the functions with the plain names use the old structure, which has 32-bit inodes.
    private static bool UsesInode64Names =>
        Platform.Current == PlatformId.MacOS && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    private static bool StatX(int directory, byte* path, int flags, byte* buffer) =>
        Unistd.SysCall(SYS_statx, directory, (nint)path, flags, STATX_BASIC_STATS, (nint)buffer) == 0;

    [LibraryImport("libc", EntryPoint = "fstat", SetLastError = true)]
    private static partial int FStat(int descriptor, byte* buffer);

    [LibraryImport("libc", EntryPoint = "lstat", SetLastError = true)]
    private static partial int LStat(byte* path, byte* buffer);

    [LibraryImport("libc", EntryPoint = "stat", SetLastError = true)]
    private static partial int Stat(byte* path, byte* buffer);

    [LibraryImport("libc", EntryPoint = "fstat$INODE64", SetLastError = true)]
    private static partial int FStatInode64(int descriptor, byte* buffer);

    [LibraryImport("libc", EntryPoint = "lstat$INODE64", SetLastError = true)]
    private static partial int LStatInode64(byte* path, byte* buffer);

    [LibraryImport("libc", EntryPoint = "stat$INODE64", SetLastError = true)]
    private static partial int StatInode64(byte* path, byte* buffer);
}
