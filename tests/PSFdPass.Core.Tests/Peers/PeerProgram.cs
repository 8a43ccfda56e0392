namespace PSFdPass.Tests;

/// <summary>The programs of tests/peers: peers in other languages. Each is compiled once per run.</summary>
[CollectionDefinition(Collection)]
public sealed class PeerProgram : ICollectionFixture<PeerProgram>, IDisposable
{
    /// <summary>The collection of the tests that use them. The compiled programs are removed after it.</summary>
    public const string Collection = "Peers";

    private static readonly TemporaryDirectory Compiled = new();

    private static readonly Dictionary<string, Lazy<string[]>> Commands = new()
    {
        ["C"] = new(() => [Compile("peer.c", "gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o")]),
        ["Go"] = new(() => [Compile("peer.go", "go", "build", "-o")]),
        ["Python"] = new(() => ["python3", "-B", Source("peer.py")]),
        ["multiprocessing"] = new(() => ["python3", "-B", Source("peer_multiprocessing.py")]),
        ["Perl"] = new(() => ["perl", Source("peer.pl")]),
        ["Ruby"] = new(() => ["ruby", Source("peer.rb")]),
    };

    internal static Program Start(string peer, params IEnumerable<string> arguments)
    {
        string[] command = Commands[peer].Value;
        return Program.Start(command[0], [.. command[1..], .. arguments]);
    }

    public void Dispose() => Compiled.Dispose();

    private static string Source(string name) => Path.Combine(Repository.Root, "tests", "peers", name);

    private static string Compile(string source, string compiler, params string[] arguments)
    {
        string target = Compiled.File(source + ".out");
        var start = new System.Diagnostics.ProcessStartInfo(compiler, [.. arguments, target, Source(source)]);
        start.Environment["GO111MODULE"] = "off";
        start.Environment["GOCACHE"] = Compiled.File("go-cache");
        using Program program = Program.Start(start);
        program.Finish().Succeeded();
        return target;
    }
}
