namespace PSFdPass.Tests;

/// <summary>A theory that needs the interpreter or the compiler of a language, skipped where it is not installed.</summary>
internal sealed class PeerTheoryAttribute : TheoryAttribute
{
    public PeerTheoryAttribute(string language) => Skip = OperatingSystem.IsLinux() ? WhyNot(language) : "The peers require Linux.";

    private static string? WhyNot(string language) => language switch
    {
        // Every machine that builds this must have them. Without them, the tests fail.
        "python3" or "gcc" => null,
        _ when !Program.IsInstalled(language) => $"{language} is not installed.",
        "perl" when Program.Run("perl", "-MIO::FDPass", "-e", "1").ExitCode != 0 => "IO::FDPass of Perl is not installed (libio-fdpass-perl).",
        _ => null,
    };
}
