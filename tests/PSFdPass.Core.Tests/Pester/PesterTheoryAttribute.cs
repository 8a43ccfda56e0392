namespace PSFdPass.Tests.Pester;

/// <summary>
/// A theory that needs pwsh on the PATH, and Pester 5 in it. Without them it is skipped, and says so; with
/// <c>PSFDPASS_REQUIRE_PWSH=1</c> it runs all the same, and fails.
/// </summary>
internal sealed class PesterTheoryAttribute : TheoryAttribute
{
    private static readonly Lazy<string?> Missing = new(FindMissing);

    public PesterTheoryAttribute() =>
        Skip = Environment.GetEnvironmentVariable("PSFDPASS_REQUIRE_PWSH") == "1" ? null : WhyNot;

    /// <summary>What is missing; null when nothing is.</summary>
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
