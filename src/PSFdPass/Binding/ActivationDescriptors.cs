namespace PSFdPass.Binding;

/// <summary>The descriptors that a service manager passed to this process, until a command takes them.</summary>
/// <remarks>Thread-safe. Several runspaces share them.</remarks>
internal static class ActivationDescriptors
{
    private static readonly List<NamedDescriptor> Waiting = [];

    /// <summary>
    /// Takes the first descriptor that meets a condition; returns null when none does. The others remain for a later call.
    /// </summary>
    public static FileDescriptor? TakeFirst(Predicate<FileDescriptor> isWanted)
    {
        lock (Waiting)
        {
            Waiting.AddRange(ServiceActivation.TakeDescriptors());
            int index = Waiting.FindIndex(descriptor => isWanted(descriptor.Descriptor));
            if (index < 0)
            {
                return null;
            }

            FileDescriptor found = Waiting[index].Descriptor;
            Waiting.RemoveAt(index);
            return found;
        }
    }

    /// <summary>Takes the descriptors whose names meet a condition. The others remain for a later call.</summary>
    public static IReadOnlyList<NamedDescriptor> Take(Predicate<string> isWanted)
    {
        lock (Waiting)
        {
            Waiting.AddRange(ServiceActivation.TakeDescriptors());
            NamedDescriptor[] taken = [.. Waiting.Where(descriptor => isWanted(descriptor.Name))];
            Waiting.RemoveAll(descriptor => isWanted(descriptor.Name));
            return taken;
        }
    }
}
