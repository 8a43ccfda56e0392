namespace PSFdPass.Tests;

/// <summary>A theory about Linux, skipped elsewhere.</summary>
internal sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute() => Skip = OperatingSystem.IsLinux() ? null : "Requires Linux.";
}
