using PSFdPass.Benchmarks.Report;

namespace PSFdPass.Benchmarks.Suites;

/// <summary>Measurements that belong together, and the tables that they make.</summary>
internal abstract class Suite
{
    /// <summary>What could not be measured, and why.</summary>
    public List<string> Notices { get; } = [];

    /// <summary>Measures.</summary>
    public abstract void Measure(Options options);

    /// <summary>Adds the tables and the parts of the picture.</summary>
    public abstract void Report(Page page);

    /// <summary>Does something for each of several contenders in turn, round after round.</summary>
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

    /// <summary>Builds or finds a peer; without it a notice is all there is.</summary>
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

    /// <summary>The command of a script in an interpreter that has to be there.</summary>
    protected static string[] Script(string interpreter, params string[] arguments) =>
        Tools.Find(interpreter) is { } program ? [program, .. arguments] : throw new BenchmarkException($"{interpreter} is not on the PATH.");

    /// <summary>A file of benchmarks/peers.</summary>
    protected static string Peer(string name) => Path.Combine(Tools.Benchmarks, "peers", name);
}
