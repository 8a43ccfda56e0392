using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Processes;

/// <summary>
/// The actions that a child performs before it executes its program (posix_spawn_file_actions_t): it moves its descriptors to their
/// numbers, closes all other descriptors, and changes its working directory.
/// </summary>
internal sealed unsafe class FileActions : IDisposable
{
    private const int LastStandard = 2;

    // Numbers that the child doesn't use are closed even if they are not open now, because other threads can open descriptors. This
    // applies to numbers that are below this one and below the child's highest number.
    private const int ClosedUnseen = 1024;

    private void* _actions;

    /// <summary>Creates an empty list of actions.</summary>
    public FileActions()
    {
        _actions = NativeMemory.AllocZeroed(Spawn.ObjectSize);
        int errno = Spawn.InitializeActions(_actions);
        if (errno != 0)
        {
            NativeMemory.Free(_actions);
            throw new SystemCallException("posix_spawn_file_actions_init", errno);
        }
    }

    /// <summary>Gets the address of the posix_spawn_file_actions_t, which is valid until <see cref="Dispose"/>.</summary>
    public void* Pointer => _actions;

    /// <summary>
    /// Adds the actions that give the child its descriptors at their numbers, its standard streams, and no other descriptors.
    /// </summary>
    /// <param name="copies">The number of each copy, by its number in the child.</param>
    /// <param name="hasCloseFrom">
    /// True to close all numbers above the child's highest with one action; false to add an action for each open number.
    /// </param>
    public void UseOnly(IReadOnlyDictionary<int, int> copies, bool hasCloseFrom)
    {
        foreach ((int target, int copy) in copies)
        {
            Check(Spawn.AddDuplicate(_actions, copy, target));
        }

        for (int fd = 0; fd <= LastStandard; fd++)
        {
            if (!copies.ContainsKey(fd))
            {
                Inherit(fd);
            }
        }

        // On macOS, a flag of posix_spawnattr_t closes the other descriptors.
        if (!OperatingSystem.IsMacOS())
        {
            CloseOthers(copies, hasCloseFrom);
        }
    }

    /// <summary>Adds the action that changes the working directory.</summary>
    /// <exception cref="PlatformNotSupportedException">Thrown when the C library does not support this action.</exception>
    public void ChangeDirectory(string path)
    {
        if (!Spawn.HasChangeDirectory)
        {
            throw new PlatformNotSupportedException(SR.WorkingDirectoryNotSupported);
        }

        using var text = new StringVector([path]);
        Check(Spawn.AddChangeDirectory(_actions, *text.Pointer));
    }

    /// <summary>Frees the list of actions.</summary>
    public void Dispose()
    {
        if (_actions is not null)
        {
            _ = Spawn.DestroyActions(_actions);
            NativeMemory.Free(_actions);
            _actions = null;
        }
    }

    // If the number is not open, or is close-on-exec, it is not a standard stream of this process. The child gets /dev/null
    // instead.
    private void Inherit(int fd)
    {
        int flags = Fcntl.Control(fd, Constants.F_GETFD);
        if (flags < 0 || (flags & Constants.FD_CLOEXEC) != 0)
        {
            using var path = new StringVector(["/dev/null"]);
            Check(Spawn.AddOpen(_actions, fd, *path.Pointer, fd == 0 ? Constants.O_RDONLY : Constants.O_WRONLY, 0));
        }
        else if (OperatingSystem.IsMacOS())
        {
            Check(Spawn.AddInherit(_actions, fd));
        }
    }

    private void CloseOthers(IReadOnlyDictionary<int, int> copies, bool hasCloseFrom)
    {
        int highest = Math.Max(LastStandard, copies.Keys.LastOrDefault());

        // The C library refuses numbers at or above the limit. Such numbers can be open only if the limit has been lowered.
        int limit = SysResource.MaxOpenFiles;
        var others = new HashSet<int>(Enumerable.Range(LastStandard + 1, Math.Min(highest, ClosedUnseen) - LastStandard));
        if (highest > ClosedUnseen || !hasCloseFrom)
        {
            others.UnionWith(OpenDescriptors.Numbers().Where(fd => fd > LastStandard && fd < limit && (fd < highest || !hasCloseFrom)));
        }

        others.ExceptWith(copies.Keys);
        foreach (int fd in others)
        {
            Check(Spawn.AddClose(_actions, fd));
        }

        if (hasCloseFrom && highest + 1 < limit)
        {
            Check(Spawn.AddCloseFrom(_actions, highest + 1));
        }
    }

    private static void Check(int errno)
    {
        if (errno != 0)
        {
            throw new SystemCallException("posix_spawn_file_actions", errno);
        }
    }
}
