using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Sockets;

/// <summary>The file of a socket: its path, and the device and inode that it had when the socket was bound.</summary>
/// <remarks>
/// The path can refer to another file later. The file is changed or removed only after a check that the path still refers to it.
/// </remarks>
internal sealed class SocketFile
{
    private const int PermissionBits = 0xFFF;

    private readonly string _path;
    private readonly SysStat.FileStatus _status;

    private SocketFile(string path, SysStat.FileStatus status)
    {
        _path = path;
        _status = status;
    }

    /// <summary>Gets the permissions of the file.</summary>
    public UnixFileMode Mode => (UnixFileMode)(_status.Mode & PermissionBits);

    /// <summary>
    /// Returns the socket file at a path, without following a link, or null if there is no file or it is of another kind.
    /// </summary>
    public static SocketFile? Find(string path) =>
        SysStat.TryGetStatusOfLink(path, out SysStat.FileStatus status) && status.Type == SysStat.S_IFSOCK ? new SocketFile(path, status) : null;

    /// <summary>Returns whether the path still refers to this file.</summary>
    public bool IsCurrent() => SysStat.TryGetStatusOfLink(_path, out SysStat.FileStatus status) && IsSame(status);

    /// <summary>Removes the path if it still refers to this file.</summary>
    public void Remove()
    {
        if (IsCurrent())
        {
            _ = Unistd.Unlink(_path);
        }
    }

    /// <summary>Returns whether a socket is bound to this file.</summary>
    /// <param name="file">The file of the socket, as the kernel reports it.</param>
    /// <param name="device">
    /// The device of the file system that the path is on, from <see cref="MountedDevice"/>; null if it is not known.
    /// </param>
    public bool IsFileOf(LinuxUnixDiag.BoundFile? file, (uint Major, uint Minor)? device) =>
        file is { } bound && bound.Inode == (uint)_status.Inode &&
        (device is null || (bound.Major, bound.Minor) == device || (bound.Major, bound.Minor) == (Major, Minor));

    /// <summary>Sets exactly these permissions, regardless of the umask.</summary>
    /// <param name="mode">The permissions.</param>
    /// <param name="socketInode">The inode of the socket that must be bound to the file.</param>
    /// <exception cref="SystemCallException">
    /// Thrown when the path no longer refers to this file, or its permissions can't be changed.
    /// </exception>
    public void SetMode(UnixFileMode mode, ulong socketInode)
    {
        if (OperatingSystem.IsMacOS())
        {
            // This call does not follow a link. In the worst case, another socket of this user gets the mode.
            if (!IsCurrent() || SysStat.LChModOnMacOS(_path, (uint)mode) < 0)
            {
                throw SystemCallException.FromLast("fchmodat", _path);
            }

            return;
        }

        // The descriptor refers to the file itself, so a later change of the path does not affect it.
        int fd = Fcntl.Open(_path, Constants.Current.O_PATH | Constants.Current.O_NOFOLLOW | Constants.Current.O_CLOEXEC);
        if (fd < 0)
        {
            throw SystemCallException.FromLast("open", _path);
        }

        using var file = new SafeDescriptorHandle(fd, ownsHandle: true);
        if (!SysStat.TryGetStatus(fd, out SysStat.FileStatus status) || !IsSame(status) || !IsOfSocket(socketInode, fd))
        {
            throw new SystemCallException("bind", Errno.EADDRINUSE, _path, SR.SocketFileReplaced);
        }

        if (SysStat.ChMod($"/proc/self/fd/{fd}", (uint)mode) < 0)
        {
            throw SystemCallException.FromLast("chmod", _path);
        }
    }

    /// <summary>
    /// Returns the kernel's device number for the file system that an open file is on, or null if it is not known. On file systems
    /// with subvolumes or layers (btrfs, overlayfs), this number differs from the device that stat(2) reports.
    /// </summary>
    public static (uint Major, uint Minor)? MountedDevice(int fd)
    {
        // Reads mnt_id of proc_pid_fdinfo(5), and the first three columns of proc_pid_mountinfo(5): mount, parent, major:minor.
        string? mount = ProcFs.TryRead($"/proc/self/fdinfo/{fd}")?.Split('\n')
            .FirstOrDefault(static line => line.StartsWith("mnt_id:", StringComparison.Ordinal))?[7..].Trim();
        string? line = mount is null ? null : ProcFs.TryRead("/proc/self/mountinfo")?.Split('\n')
            .FirstOrDefault(line => line.StartsWith(mount + " ", StringComparison.Ordinal));
        return line?.Split(' ', 4) is [_, _, var device, _] && device.Split(':') is [var major, var minor] &&
            uint.TryParse(major, out uint majorNumber) && uint.TryParse(minor, out uint minorNumber)
            ? (majorNumber, minorNumber)
            : null;
    }

    private uint Major => (uint)(_status.Device >> 32);

    private uint Minor => (uint)_status.Device;

    private bool IsSame(SysStat.FileStatus other) => (other.Device, other.Inode, other.Type) == (_status.Device, _status.Inode, _status.Type);

    // Without unix_diag, the comparison of the device and inode with those found right after bind(2) must suffice.
    private bool IsOfSocket(ulong socketInode, int fd)
    {
        (uint, uint)? device = MountedDevice(fd);
        return UnixSocketList.Read() is not { } rows || rows.Any(row => row.Inode == socketInode && IsFileOf(row.File, device));
    }
}
