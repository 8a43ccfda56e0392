namespace PSFdPass.Tests;

/// <summary>A fact that needs the kernel's unix_diag, skipped where it is not built in and its module can't be loaded.</summary>
internal sealed class UnixDiagFactAttribute : FactAttribute
{
    public UnixDiagFactAttribute() => Skip = UnixDiag.WhyNot;
}
