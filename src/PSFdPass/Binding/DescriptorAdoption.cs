namespace PSFdPass.Binding;

/// <summary>Takes over descriptors that this process inherited, and refuses those that already have an owner in this process.</summary>
/// <remarks>
/// Everything that .NET and this module open is close-on-exec, and an inherited descriptor is not. The exceptions are those that the user
/// made inheritable, which are recorded here.
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

    /// <summary>Takes over the descriptor that was described, if it is still the same.</summary>
    /// <exception cref="DescriptorElsewhereException">Thrown when it belongs to another process.</exception>
    /// <exception cref="InvalidOperationException">Thrown when the number no longer refers to what was described.</exception>
    /// <inheritdoc cref="Adopt(int)"/>
    public static FileDescriptor Adopt(DescriptorInfo info) => Adopt((int)DescriptorSource.Find(info)!.Handle.DangerousGetHandle());

    /// <summary>Takes over an inherited descriptor, and makes it close-on-exec.</summary>
    /// <exception cref="DescriptorInUseException">Thrown when something in this process owns it.</exception>
    /// <exception cref="SystemCallException">Thrown when it is not open (EBADF).</exception>
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
