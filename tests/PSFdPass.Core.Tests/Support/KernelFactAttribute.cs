namespace PSFdPass.Tests;

/// <summary>A fact about Linux kernels from some version on, skipped on older ones.</summary>
internal sealed class KernelFactAttribute : FactAttribute
{
    public KernelFactAttribute(int major, int minor)
    {
        if (!OperatingSystem.IsLinux() || Environment.OSVersion.Version < new Version(major, minor))
        {
            Skip = $"Needs Linux {major}.{minor}; this is {Environment.OSVersion.VersionString}.";
        }
    }
}
