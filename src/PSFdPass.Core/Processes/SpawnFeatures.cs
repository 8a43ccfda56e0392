using PSFdPass.Interop;

namespace PSFdPass.Processes;

/// <summary>The features for starting a child that not every system has. Tests can simulate that a feature is missing.</summary>
/// <param name="HasProcessDescriptors">True to try pidfd_open(2).</param>
/// <param name="HasCloseFrom">True if the C library has posix_spawn_file_actions_addclosefrom_np.</param>
internal sealed record SpawnFeatures(bool HasProcessDescriptors, bool HasCloseFrom)
{
    /// <summary>Gets the features of this system.</summary>
    public static SpawnFeatures Current { get; } = new(OperatingSystem.IsLinux(), Spawn.HasCloseFrom);
}
