using System.Diagnostics;

namespace PSFdPass.Benchmarks;

/// <summary>The programs that the measurements need: where they are, and how they are built.</summary>
internal static class Tools
{
    /// <summary>The root of the checkout.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder of the benchmarks.</summary>
    public static string Benchmarks { get; } = Path.Combine(Root, "benchmarks");

    /// <summary>Where the peers are built.</summary>
    public static string Built { get; } = Path.Combine(Root, "artifacts", "benchmarks");

    /// <summary>This program, to be started in another role.</summary>
    public static string Self { get; } = Environment.ProcessPath!;

    /// <summary>What every measured process has in its environment: nothing that calls home, and no coloured output.</summary>
    public static IReadOnlyDictionary<string, string> PlainEnvironment { get; } = new Dictionary<string, string>
    {
        ["POWERSHELL_TELEMETRY_OPTOUT"] = "1",
        ["POWERSHELL_UPDATECHECK"] = "Off",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["NO_COLOR"] = "1",
        ["GO111MODULE"] = "off",
        ["LC_ALL"] = "C.UTF-8",
    };

    /// <summary>Where a program is; null when it is not on the PATH.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    /// <summary>What a program prints; null when it is not there or fails.</summary>
    public static string? Output(string program, params string[] arguments) => Run(program, arguments) is (0, var output, _) ? output.Trim() : null;

    /// <summary>Compiles a C program as it would be shipped, and returns where it is.</summary>
    public static string BuildC(string source, params string[] more) =>
        Build(source, "-c", target => ("gcc", ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", target, source, .. more]));

    /// <summary>Compiles a Go program, and returns where it is.</summary>
    public static string BuildGo(string source) => Build(source, "-go", target => ("go", ["build", "-o", target, source]));

    /// <summary>Runs a program to its end.</summary>
    public static (int ExitCode, string Output, string Errors) Run(string program, params string[] arguments)
    {
        if (Find(program) is not { } path)
        {
            return (127, "", $"{program} is not on the PATH.");
        }

        var start = new ProcessStartInfo(path, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string key, string value) in PlainEnvironment)
        {
            start.Environment[key] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }

    private static string Build(string source, string suffix, Func<string, (string Program, string[] Arguments)> command)
    {
        Directory.CreateDirectory(Built);
        string target = Path.Combine(Built, Path.GetFileNameWithoutExtension(source) + suffix);
        (string program, string[] arguments) = command(target);
        (int exitCode, _, string errors) = Run(program, arguments);
        return exitCode == 0 ? target : throw new BenchmarkException($"{Path.GetFileName(source)}: {errors.Trim()}");
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "PSFdPass.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new BenchmarkException("The runner has to be run from a checkout: dotnet run -c Release --project benchmarks/SideBySide");
    }
}
