using System.Management.Automation;

namespace PSFdPass;

/// <summary>
/// Runs when the module is imported, and refuses a system that can't pass descriptors.
/// </summary>
public sealed class ModuleInitializer : IModuleAssemblyInitializer
{
    /// <inheritdoc/>
    /// <exception cref="PlatformNotSupportedException">Thrown when this is Windows.</exception>
    public void OnImport()
    {
        ThrowIfUnsupported(OperatingSystem.IsWindows());
    }

    /// <summary>Runs when the module is imported, on Windows and elsewhere.</summary>
    /// <param name="isWindows">Whether this is Windows.</param>
    /// <exception cref="PlatformNotSupportedException">Thrown when it is.</exception>
    internal static void ThrowIfUnsupported(bool isWindows)
    {
        if (isWindows)
        {
            throw new PlatformNotSupportedException(SR.PlatformNotSupported);
        }
    }
}
