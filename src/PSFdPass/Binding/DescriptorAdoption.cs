namespace PSFdPass.Binding;

/// <summary>Takes over descriptors that this process inherited, and refuses those that already have an owner in this process.</summary>
/// <remarks>
/// Descriptors that .NET and this module open are close-on-exec, and inherited descriptors are not. The exceptions are descriptors that the
/// user has made inheritable. This class records them.
/// </remarks>
internal static class DescriptorAdoption
{
    private static readonly List<WeakReference<FileDescriptor>> s_inheritable = [];

    /// <summary>Sets whether started programs inherit a descriptor, and records that it has an owner.</summary>
    public static void SetCloseOnExec(FileDescriptor descriptor, bool value)
    {
        descriptor.SetCloseOnExec(value);
        if (!value)
        {
            lock (s_inheritable)
            {
                s_inheritable.RemoveAll(static reference => !reference.TryGetTarget(out FileDescriptor? owner) || !owner.IsOpen);
                s_inheritable.Add(new WeakReference<FileDescriptor>(descriptor));
            }
        }
    }

    /// <summary>Takes over a descriptor by its description, if the number still refers to what was described.</summary>
    /// <exception cref="DescriptorElsewhereException">Thrown when the descriptor belongs to another process.</exception>
    /// <exception cref="InvalidOperationException">Thrown when the number no longer refers to what was described.</exception>
    /// <inheritdoc cref="Adopt(int)"/>
    public static FileDescriptor Adopt(DescriptorInfo info) => Adopt((int)DescriptorSource.Find(info)!.Handle.DangerousGetHandle());

    /// <summary>Takes over an inherited descriptor, and makes it close-on-exec.</summary>
    /// <exception cref="DescriptorInUseException">Thrown when the descriptor already has an owner in this process.</exception>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not open (EBADF).</exception>
    public static FileDescriptor Adopt(int fd)
    {
        DescriptorInfo info = new DescriptorInspector().Describe(Environment.ProcessId, fd);
        string? owner =
            info.IsStandardStream ? SR.Format(SR.StandardStream, info)
            : info.IsRuntimeOwned ? SR.Format(SR.RuntimeDescriptor, info)
            : (info.Flags & DescriptorFlags.CloseOnExec) != 0 ? SR.Format(SR.OwnedCloseOnExec, info)
            : IsOwned(fd) ? SR.Format(SR.OwnedByFileDescriptor, info)
            : null;
        return owner is null ? FileDescriptor.Adopt(fd) : throw new DescriptorInUseException(fd, owner);
    }

    private static bool IsOwned(int fd)
    {
        lock (s_inheritable)
        {
            return s_inheritable.Exists(reference => reference.TryGetTarget(out FileDescriptor? owner) && owner.Fd == fd);
        }
    }
}
