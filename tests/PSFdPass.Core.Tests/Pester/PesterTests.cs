using System.Diagnostics;
using System.Text.Json;

namespace PSFdPass.Tests.Pester;

/// <summary>The Pester suite. Each file runs in a pwsh of its own, with the module that the build has laid out in out/.</summary>
[Trait("Category", "Pester")]
public sealed class PesterTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private static readonly string Tests = Path.Combine(Repository.Root, "tests");

    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Tests, "*.Tests.ps1").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    [PesterTheory]
    [MemberData(nameof(Files))]
    public async Task All_tests_pass_in(string file)
    {
        Assert.True(PesterTheoryAttribute.WhyNot is null, PesterTheoryAttribute.WhyNot);
        string results = Path.Combine(Repository.Root, "artifacts", "pester");
        string result = Path.Combine(results, Path.ChangeExtension(file, ".json"));
        Directory.CreateDirectory(results);
        File.Delete(result);

        string output = await RunAsync(Path.Combine(Tests, file), results);
        Assert.True(File.Exists(result), $"{file} did not finish:\n{output}");
        using JsonDocument counts = JsonDocument.Parse(await File.ReadAllTextAsync(result));
        IEnumerable<string> failures = counts.RootElement.GetProperty("failures").EnumerateArray().Select(
            failure => $"{failure.GetProperty("name")}\n{failure.GetProperty("message")}\n");
        Assert.True(counts.RootElement.GetProperty("failed").GetInt32() == 0, string.Join('\n', failures));
    }

    private static async Task<string> RunAsync(string file, string results)
    {
        var start = new ProcessStartInfo("pwsh", [
            "-NoProfile", "-NonInteractive", "-File", Path.Combine(Tests, "Support", "Invoke-TestFile.ps1"), file, results])
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["NO_COLOR"] = "1" },
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // The processes that it has started hang as well.
            process.Kill(entireProcessTree: true);
        }

        return await output + await error;
    }
}
