namespace PSFdPass.Tests;

/// <summary>A fact that needs strace to make system calls fail, skipped where it is not installed or may not trace this process.</summary>
internal sealed class StraceFactAttribute : FactAttribute
{
    private const string Scope = "/proc/sys/kernel/yama/ptrace_scope";
    private static readonly Lazy<string?> Reason = new(WhyNot);

    public StraceFactAttribute() => Skip = Reason.Value;

    private static string? WhyNot() =>
        !OperatingSystem.IsLinux() ? "Only Linux has strace."
        : !Program.IsInstalled("strace") ? "strace is not installed."
        : File.Exists(Scope) && File.ReadAllText(Scope).Trim() is not "0" && !Environment.IsPrivilegedProcess
            ? $"{Scope} keeps a program from tracing its parent."
        : Program.Run("strace", "-o", "/dev/null", "-e", "inject=getppid:retval=1", "true").ExitCode != 0 ? "ptrace(2) is not allowed here."
        : null;
}
