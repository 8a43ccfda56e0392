namespace PSFdPass.Tests;

/// <summary>A theory that needs the kernel's unix_diag, skipped where it is not built in and its module can't be loaded.</summary>
internal sealed class UnixDiagTheoryAttribute : TheoryAttribute
{
    public UnixDiagTheoryAttribute() => Skip = UnixDiag.WhyNot;
}
