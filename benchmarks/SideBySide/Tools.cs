using System.Diagnostics;

namespace PSFdPass.Benchmarks;

/// <summary>Finds, builds and runs the programs that the measurements need.</summary>
internal static class Tools
{
    /// <summary>Gets the root of the checkout.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Gets the folder of the benchmarks.</summary>
    public static string Benchmarks { get; } = Path.Combine(Root, "benchmarks");

    /// <summary>Gets the folder in which the programs in other languages are built.</summary>
    public static string Built { get; } = Path.Combine(Root, "artifacts", "benchmarks");

    /// <summary>Gets the path of this program, for starting it in another role.</summary>
    public static string Self { get; } = Environment.ProcessPath!;

    /// <summary>
    /// Gets the environment variables that every measured process gets. They turn off telemetry, update checks and colors.
    /// </summary>
    public static IReadOnlyDictionary<string, string> PlainEnvironment { get; } = new Dictionary<string, string>
    {
        ["POWERSHELL_TELEMETRY_OPTOUT"] = "1",
        ["POWERSHELL_UPDATECHECK"] = "Off",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["NO_COLOR"] = "1",
        ["GO111MODULE"] = "off",
        ["LC_ALL"] = "C.UTF-8",
    };

    /// <summary>Returns the path of a program; null when it is not on the PATH.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    /// <summary>Runs a program and returns its output; null when it does not exist or fails.</summary>
    public static string? Output(string program, params string[] arguments) => Run(program, arguments) is (0, var output, _) ? output.Trim() : null;

    /// <summary>Compiles a C program with optimization, and returns its path.</summary>
    public static string BuildC(string source, params string[] more) =>
        Build(source, "-c", target => ("gcc", ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", target, source, .. more]));

    /// <summary>Compiles a Go program, and returns its path.</summary>
    public static string BuildGo(string source) => Build(source, "-go", target => ("go", ["build", "-o", target, source]));

    /// <summary>Runs a program and waits until it has ended.</summary>
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
