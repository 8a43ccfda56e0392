using System.Runtime.InteropServices;

namespace PSFdPass.Benchmarks.Measuring;

/// <summary>Describes the machine and the versions of the programs that were used.</summary>
internal static class Machine
{
    public static string Describe()
    {
        string model = FirstAfter("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString();
        string virtualMachine = File.Exists("/proc/cpuinfo") && File.ReadAllText("/proc/cpuinfo").Contains(" hypervisor ") ? ", in a virtual machine" : "";
        string?[] lines =
        [
            $"{DateTime.UtcNow:yyyy-MM-dd}, {model}{virtualMachine}, {Environment.ProcessorCount} processors, Linux {Environment.OSVersion.Version.ToString(3)}, {RuntimeInformation.FrameworkDescription}",
            Version("PowerShell", Tools.Output("pwsh", "-NoProfile", "-Command", "\"$($PSVersionTable.PSVersion) on .NET $([Environment]::Version)\"")),
            Version("gcc", Tools.Output("gcc", "-dumpfullversion")),
            Version("Go", Tools.Output("go", "version")?.Replace("go version go", "")),
            Version("Python", Tools.Output("python3", "-V")?.Replace("Python ", "")),
            Version("Ruby", Tools.Output("ruby", "-e", "print RUBY_VERSION")),
            Version("Perl", Tools.Output("perl", "-e", "printf '%vd', $^V")),
        ];
        return string.Join("; ", lines.Where(line => line is not null)) + ".";
    }

    private static string? Version(string what, string? version) => version is null ? null : $"{what} {version}";

    private static string? FirstAfter(string path, string key) =>
        !File.Exists(path) ? null : File.ReadLines(path).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
}
