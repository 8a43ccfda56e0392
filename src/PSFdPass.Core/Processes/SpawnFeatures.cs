using PSFdPass.Interop;

namespace PSFdPass.Processes;

/// <summary>The features in which systems differ. Tests can simulate that one is missing.</summary>
/// <param name="HasProcessDescriptors">Whether to try pidfd_open(2).</param>
/// <param name="HasCloseFrom">Whether the C library has posix_spawn_file_actions_addclosefrom_np.</param>
internal sealed record SpawnFeatures(bool HasProcessDescriptors, bool HasCloseFrom)
{
    /// <summary>Gets the features of this system.</summary>
    public static SpawnFeatures Current { get; } = new(OperatingSystem.IsLinux(), Spawn.HasCloseFrom);
}
