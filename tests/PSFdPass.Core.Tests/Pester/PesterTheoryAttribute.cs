namespace PSFdPass.Tests.Pester;

/// <summary>
/// A theory that needs pwsh on the PATH, with Pester 5. Without them, it is skipped with the reason. With
/// <c>PSFDPASS_REQUIRE_PWSH=1</c>, it runs anyway, and fails.
/// </summary>
internal sealed class PesterTheoryAttribute : TheoryAttribute
{
    private static readonly Lazy<string?> Missing = new(FindMissing);

    public PesterTheoryAttribute() =>
        Skip = Environment.GetEnvironmentVariable("PSFDPASS_REQUIRE_PWSH") == "1" ? null : WhyNot;

    /// <summary>Gets the reason why it cannot run, or null if it can.</summary>
    public static string? WhyNot => Missing.Value;

    private static string? FindMissing()
    {
        if (!Program.IsInstalled("pwsh"))
        {
            return "pwsh is not on the PATH: the tests of the cmdlets need PowerShell 7.4 or later.";
        }

        Program.Result found = Program.Run(
            "pwsh", "-NoProfile", "-NonInteractive", "-Command",
            "if (-not (Get-Module -ListAvailable Pester | Where-Object { $_.Version.Major -ge 5 })) { exit 1 }");
        return found.ExitCode == 0 ? null : "pwsh has no Pester 5: Install-PSResource Pester, or ./build.ps1 -Task Test, which does that.";
    }
}
