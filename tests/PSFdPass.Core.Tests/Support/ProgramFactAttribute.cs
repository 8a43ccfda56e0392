namespace PSFdPass.Tests;

/// <summary>A fact that needs other programs, skipped where one of them is not installed.</summary>
internal sealed class ProgramFactAttribute : FactAttribute
{
    public ProgramFactAttribute(params string[] programs)
    {
        string? missing = OperatingSystem.IsLinux() ? programs.FirstOrDefault(program => !Program.IsInstalled(program)) : "Linux";
        Skip = missing is null ? null : $"{missing} is not installed.";
    }
}
