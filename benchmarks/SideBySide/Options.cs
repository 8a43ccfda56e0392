namespace PSFdPass.Benchmarks;

/// <summary>The command line of the runner.</summary>
internal sealed record Options
{
    public const string Usage =
        """
        Usage: dotnet run -c Release --project benchmarks/SideBySide [-- options]
          --rounds N      rounds of each measurement (by default 15)
          --only A,B      some of: core, pwsh, import, set, inspect, echo, move, profile; the page is not written then
          --no-write      print the tables only, and leave docs/performance.md as it is
        The peers need gcc, go, python3, ruby, and perl with IO::FDPass; what is missing is left out, and the table says so.
        """;

    /// <summary>The names of the suites, in the order of the page.</summary>
    public static readonly string[] AllSuites = ["core", "pwsh", "import", "set", "inspect", "echo", "move", "profile"];

    public int Rounds { get; private init; } = 15;

    public IReadOnlyList<string> Suites { get; private init; } = AllSuites;

    public bool Writes { get; private init; } = true;

    public static Options Parse(string[] words)
    {
        var options = new Options();
        var rest = new Queue<string>(words);
        while (rest.TryDequeue(out string? word))
        {
            options = word switch
            {
                "--rounds" => options with { Rounds = int.TryParse(Value(word), out int rounds) && rounds > 0 ? rounds : throw new BenchmarkException("--rounds takes a number from 1 on.") },
                "--only" => options with { Suites = Choose(Value(word)), Writes = false },
                "--no-write" => options with { Writes = false },
                _ => throw new BenchmarkException(Usage),
            };
        }

        return options;

        string Value(string option) => rest.TryDequeue(out string? value) ? value : throw new BenchmarkException($"{option} takes a value.\n{Usage}");
    }

    private static string[] Choose(string names) =>
        names.Split(',') is var chosen && chosen.Except(AllSuites).FirstOrDefault() is { } unknown
            ? throw new BenchmarkException($"{unknown} is not a measurement: {string.Join(", ", AllSuites)}.")
            : chosen;
}
