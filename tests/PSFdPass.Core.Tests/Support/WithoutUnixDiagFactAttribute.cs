namespace PSFdPass.Tests;

/// <summary>A fact about kernels without unix_diag, which tests/campaigns/old-kernel boots; skipped on others.</summary>
internal sealed class WithoutUnixDiagFactAttribute : FactAttribute
{
    public WithoutUnixDiagFactAttribute() =>
        Skip = !OperatingSystem.IsLinux() ? UnixDiag.WhyNot : UnixDiag.WhyNot is null ? "This kernel has unix_diag." : null;
}
