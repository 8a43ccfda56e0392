using System.Management.Automation;

namespace PSFdPass;

/// <summary>
/// Runs when the module is imported, and fails on a system that can't pass descriptors.
/// </summary>
public sealed class ModuleInitializer : IModuleAssemblyInitializer
{
    /// <inheritdoc/>
    /// <exception cref="PlatformNotSupportedException">Thrown when the system is Windows.</exception>
    public void OnImport()
    {
        ThrowIfUnsupported(OperatingSystem.IsWindows());
    }

    /// <summary>Throws an exception on Windows, where descriptors can't be passed.</summary>
    /// <param name="isWindows">True on Windows.</param>
    /// <exception cref="PlatformNotSupportedException">Thrown when <paramref name="isWindows"/> is true.</exception>
    internal static void ThrowIfUnsupported(bool isWindows)
    {
        if (isWindows)
        {
            throw new PlatformNotSupportedException(SR.PlatformNotSupported);
        }
    }
}
