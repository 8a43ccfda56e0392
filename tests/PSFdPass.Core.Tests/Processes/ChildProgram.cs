using System.Globalization;
using System.Text;

namespace PSFdPass.Tests.Processes;

/// <summary>tests/peers/child.c, compiled once for the tests of processes.</summary>
[CollectionDefinition(Collection)]
public sealed class ChildProgram : ICollectionFixture<ChildProgram>, IDisposable
{
    /// <summary>The collection of the tests that use it.</summary>
    public const string Collection = "Processes";

    // Tests that run in processes of their own find the program by this variable.
    private const string Variable = "PSFDPASS_TEST_CHILD";
    private readonly TemporaryDirectory _folder = new();

    public ChildProgram()
    {
        Program.Run(
            "gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", _folder.File("child"),
            System.IO.Path.Combine(Repository.Root, "tests", "peers", "child.c")).Succeeded();
        Environment.SetEnvironmentVariable(Variable, _folder.File("child"));
    }

    /// <summary>The program's path.</summary>
    internal static string Path => Environment.GetEnvironmentVariable(Variable)!;

    internal static FdProcessStartInfo Start(params string[] arguments) => new(Path, arguments);

    /// <summary>Starts a child that reports, and returns its report. Its standard output is used for the report.</summary>
    internal static Report Report(FdProcessStartInfo start) => Report(start, PSFdPass.Processes.SpawnFeatures.Current, out _);

    internal static Report Report(FdProcessStartInfo start, PSFdPass.Processes.SpawnFeatures features, out IReadOnlyList<string> lost)
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using (reader)
        {
            using (writer)
            {
                start.StandardOutput = writer.SafeHandle;
                using FdProcess process = FdProcess.StartWith(features, start);
                lost = process.LostEnvironmentVariables;
            }

            var text = new StringBuilder();
            while (Some.Read(reader) is { Length: > 0 } part)
            {
                text.Append(part);
            }

            Assert.EndsWith("\n\n", text.ToString());
            return new Report(text.ToString().TrimEnd('\n').Split('\n'));
        }
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(Variable, null);
        _folder.Dispose();
    }
}

/// <summary>The report of a child.</summary>
internal sealed class Report(string[] lines)
{
    /// <summary>Number and target of each descriptor.</summary>
    public Dictionary<int, string> Descriptors { get; } = All(lines, "fd").Select(line => line.Split(' ', 2))
        .ToDictionary(parts => int.Parse(parts[0], CultureInfo.InvariantCulture), parts => parts[1]);

    /// <summary>The whole argv.</summary>
    public string[] Arguments { get; } = All(lines, "arg");

    public Dictionary<string, string> Environment { get; } = All(lines, "env").Select(line => line.Split('=', 2))
        .ToDictionary(parts => parts[0], parts => parts[1]);

    public string this[string fact] => Assert.Single(All(lines, fact));

    private static string[] All(string[] lines, string fact) =>
        [.. lines.Where(line => line.StartsWith(fact + " ", StringComparison.Ordinal)).Select(line => line[(fact.Length + 1)..])];
}
