using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass.Processes;

/// <summary>
/// The attributes of a child (posix_spawnattr_t): every signal has its default disposition, and no signal is blocked.
/// </summary>
internal sealed unsafe class SpawnAttributes : IDisposable
{
    private void* _attributes;

    /// <summary>Creates the attributes.</summary>
    /// <param name="createNewProcessGroup">True to start the child in a process group of its own.</param>
    public SpawnAttributes(bool createNewProcessGroup)
    {
        _attributes = NativeMemory.AllocZeroed(Spawn.ObjectSize);
        int errno = Spawn.InitializeAttributes(_attributes);
        if (errno != 0)
        {
            NativeMemory.Free(_attributes);
            throw new SystemCallException("posix_spawnattr_init", errno);
        }

        // The bits are set directly, because sigfillset(3) leaves out the signals that the C library uses internally.
        byte* all = stackalloc byte[Signal.SetSize];
        new Span<byte>(all, Signal.SetSize).Fill(0xff);
        byte* none = stackalloc byte[Signal.SetSize];
        new Span<byte>(none, Signal.SetSize).Clear();
        short flags = Spawn.POSIX_SPAWN_SETSIGDEF | Spawn.POSIX_SPAWN_SETSIGMASK;
        flags |= createNewProcessGroup ? Spawn.POSIX_SPAWN_SETPGROUP : (short)0;
        flags |= OperatingSystem.IsMacOS() ? Spawn.POSIX_SPAWN_CLOEXEC_DEFAULT : (short)0;

        // These calls fail only for flags that the C library does not support. No such flag is set here.
        _ = Spawn.SetDefaultSignals(_attributes, all);
        _ = Spawn.SetSignalMask(_attributes, none);
        _ = Spawn.SetProcessGroup(_attributes, 0);
        _ = Spawn.SetFlags(_attributes, flags);
    }

    /// <summary>Gets the address of the posix_spawnattr_t, which is valid until <see cref="Dispose"/>.</summary>
    public void* Pointer => _attributes;

    /// <summary>Frees the attributes.</summary>
    public void Dispose()
    {
        if (_attributes is not null)
        {
            _ = Spawn.DestroyAttributes(_attributes);
            NativeMemory.Free(_attributes);
            _attributes = null;
        }
    }
}
