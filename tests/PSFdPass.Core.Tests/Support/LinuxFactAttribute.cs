namespace PSFdPass.Tests;

/// <summary>A fact about Linux, skipped elsewhere.</summary>
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "Requires Linux.";
}
