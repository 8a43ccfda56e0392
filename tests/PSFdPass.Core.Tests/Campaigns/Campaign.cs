using System.Diagnostics;
using System.Globalization;

namespace PSFdPass.Tests;

/// <summary>
/// A test with a short form, which runs in the suite, and a long form: PSFDPASS_CAMPAIGN_SCALE multiplies what it does. Each run adds a
/// line to artifacts/campaigns.txt, from which docs/reliability.md is written.
/// </summary>
internal sealed class Campaign(string name) : IDisposable
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly List<string> _counts = [];

    /// <summary>Gets the factor by which the campaign is longer than its short form.</summary>
    public static int Scale { get; } =
        int.Parse(Environment.GetEnvironmentVariable("PSFDPASS_CAMPAIGN_SCALE") ?? "1", CultureInfo.InvariantCulture);

    /// <summary>Records how many of something there were.</summary>
    public void Count(string what, long number) => _counts.Add($"{what} {number}");

    public void Dispose()
    {
        string folder = Path.Combine(Repository.Root, "artifacts");
        Directory.CreateDirectory(folder);
        string line = $"{name}: {string.Join(", ", _counts)}; {Stopwatch.GetElapsedTime(_start).TotalSeconds:0} s, scale {Scale}\n";
        File.AppendAllText(Path.Combine(folder, "campaigns.txt"), line);
    }
}
