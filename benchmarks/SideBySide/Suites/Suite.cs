using PSFdPass.Benchmarks.Report;

namespace PSFdPass.Benchmarks.Suites;

/// <summary>Measurements that belong together, and their tables.</summary>
internal abstract class Suite
{
    /// <summary>Gets the notices: what could not be measured, and why.</summary>
    public List<string> Notices { get; } = [];

    /// <summary>Runs the measurements.</summary>
    public abstract void Measure(Options options);

    /// <summary>Adds the tables and the parts of the picture.</summary>
    public abstract void Report(Page page);

    /// <summary>Measures each of several contenders in turn, round after round.</summary>
    protected static void Interleave<T>(int rounds, IReadOnlyList<T> contenders, Action<T> measure)
    {
        for (int round = 0; round < rounds; round++)
        {
            foreach (T contender in contenders)
            {
                measure(contender);
            }
        }
    }

    /// <summary>Builds or finds a program to compare with. Adds a notice and returns null when that is not possible.</summary>
    protected string[]? TryPeer(string what, Func<string[]> find)
    {
        try
        {
            return find();
        }
        catch (BenchmarkException exception)
        {
            Notices.Add($"{what} is left out: {exception.Message}");
            return null;
        }
    }

    /// <summary>Returns the command that runs a script.</summary>
    protected static string[] Script(string interpreter, params string[] arguments) =>
        Tools.Find(interpreter) is { } program ? [program, .. arguments] : throw new BenchmarkException($"{interpreter} is not on the PATH.");

    /// <summary>Returns the path of a file in benchmarks/peers.</summary>
    protected static string Peer(string name) => Path.Combine(Tools.Benchmarks, "peers", name);
}
