using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Waiting;

/// <summary>
/// A descriptor that another thread can make readable to end a poll(2): an eventfd on Linux, a pipe elsewhere. After
/// <see cref="Signal"/>, it is readable until the next <see cref="Reset"/>.
/// </summary>
/// <remarks>Thread-safe. A <see cref="Signal"/> after <see cref="Dispose"/> does nothing.</remarks>
internal sealed unsafe class WakeDescriptor : IDisposable
{
    private readonly SafeDescriptorHandle _read;
    private readonly SafeDescriptorHandle _write;

    /// <summary>Initializes a new wake descriptor, which is not readable.</summary>
    /// <exception cref="SystemCallException">Thrown when no descriptor is left (EMFILE, ENFILE).</exception>
    public WakeDescriptor()
    {
        if (OperatingSystem.IsLinux())
        {
            int fd = SysEventFd.Create(0, SysEventFd.EFD_CLOEXEC | SysEventFd.EFD_NONBLOCK);
            _read = _write = fd >= 0 ? new SafeDescriptorHandle(fd, ownsHandle: true) : throw SystemCallException.FromLast("eventfd");
            return;
        }

        int* pair = stackalloc int[2];
        if (Unistd.Pipe(pair) < 0)
        {
            throw SystemCallException.FromLast("pipe");
        }

        _read = new SafeDescriptorHandle(pair[0], ownsHandle: true);
        _write = new SafeDescriptorHandle(pair[1], ownsHandle: true);
        for (int i = 0; i < 2; i++)
        {
            _ = Fcntl.Control(pair[i], Constants.F_SETFD, Constants.FD_CLOEXEC);
            _ = Fcntl.Control(pair[i], Constants.F_SETFL, Constants.Current.O_NONBLOCK);
        }
    }

    /// <summary>Gets the number to poll for POLLIN, which is valid until <see cref="Dispose"/>.</summary>
    public int Fd => (int)_read.DangerousGetHandle();

    /// <summary>Creates a wake descriptor; returns null when no descriptor is left.</summary>
    public static WakeDescriptor? TryCreate()
    {
        try
        {
            return new WakeDescriptor();
        }
        catch (SystemCallException)
        {
            return null;
        }
    }

    /// <summary>Makes the descriptor readable, which ends the current poll(2), or the next one.</summary>
    public void Signal()
    {
        bool held = false;
        try
        {
            _write.DangerousAddRef(ref held);

            // A write to an eventfd must be 8 bytes long. EAGAIN means that the descriptor is already readable.
            ulong one = 1;
            _ = Unistd.Write((int)_write.DangerousGetHandle(), (byte*)&one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
        }
        finally
        {
            if (held)
            {
                _write.DangerousRelease();
            }
        }
    }

    /// <summary>
    /// Ends the effect of <see cref="Signal"/>: the descriptor is no longer readable. Only the thread that polls the descriptor may
    /// call this method.
    /// </summary>
    public void Reset()
    {
        byte* buffer = stackalloc byte[64];
        while (Unistd.Read(Fd, buffer, 64) == 64)
        {
        }
    }

    /// <summary>Closes the descriptor. No thread may be polling it.</summary>
    public void Dispose()
    {
        _write.Dispose();
        _read.Dispose();
    }
}
