using System.Management.Automation;

namespace PSFdPass;

/// <summary>
/// Runs when the module is imported, and refuses a system that can't pass descriptors.
/// </summary>
public sealed class ModuleInitializer : IModuleAssemblyInitializer
{
    /// <inheritdoc/>
    /// <exception cref="PlatformNotSupportedException">This is Windows.</exception>
    public void OnImport()
    {
        ThrowIfUnsupported(OperatingSystem.IsWindows());
    }

    /// <summary>Runs when the module is imported, on Windows and elsewhere.</summary>
    /// <param name="isWindows">Whether this is Windows.</param>
    /// <exception cref="PlatformNotSupportedException">It is.</exception>
    internal static void ThrowIfUnsupported(bool isWindows)
    {
        if (isWindows)
        {
            throw new PlatformNotSupportedException(
                "PSFdPass works on Linux and macOS only: Windows can't pass file descriptors over a socket (SCM_RIGHTS).");
        }
    }
}
