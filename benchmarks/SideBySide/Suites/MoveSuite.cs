using System.Globalization;
using PSFdPass.Benchmarks.Measuring;
using PSFdPass.Benchmarks.Report;

namespace PSFdPass.Benchmarks.Suites;

/// <summary>Moves many live TCP connections from one process to another, while their users keep them open, and counts them.</summary>
internal sealed class MoveSuite : Suite
{
    private const int Spare = 200;
    private const int MostRounds = 3;
    private static readonly int[] Counts = [1_000, 5_000, 20_000, 50_000];

    private readonly Dictionary<int, List<Result>> _results = [];

    public override void Measure(Options options)
    {
        long limit = Libc.RaiseDescriptorLimit(Counts[^1] + Spare);
        int[] counts = [.. Counts.Where(count => count + Spare <= limit)];
        if (counts.Length < Counts.Length)
        {
            // What there is room for, in thousands.
            int most = (int)(limit - Spare) / 1000 * 1000;
            counts = [.. counts, .. most > counts.LastOrDefault() ? (int[])[most] : []];
            Notices.Add($"This user may have {limit} descriptors a process (ulimit -Hn), so {counts.LastOrDefault():#,0} connections are as far as it could go.");
        }

        Interleave(Math.Min(options.Rounds, MostRounds), counts, Move);
    }

    public override void Report(Page page)
    {
        var table = new Table(
            ">connections", ">lost", ">time, ms", ">from", ">to", ">µs a connection", ">managed memory, bytes each", ">private memory, bytes each");
        foreach ((int count, List<Result> results) in _results)
        {
            Summary time = Summary.Of(results.Select(result => result.Milliseconds));
            table.Add(
                count.ToString("#,0", CultureInfo.InvariantCulture),
                $"{results.Sum(result => result.Lost)}",
                $"{time.Median:0.0}", $"{time.Min:0.0}", $"{time.Max:0.0}",
                $"{time.Median * 1000 / count:0.00}",
                $"{Summary.Of(results.Select(result => (double)result.Managed / count)).Median:0}",
                $"{Summary.Of(results.Select(result => (double)result.Private / count)).Median:0}");
        }

        page.Add("move", table, Notices);
    }

    // New processes each time: what an earlier round has left in memory would not be counted again.
    private void Move(int count)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("psfdpass-").FullName, "move.sock");
        try
        {
            using var target = new Worker("The target", Pinned.Measured, Tools.Self, "target", path);
            using var origin = new Worker("The origin", Pinned.Other, Tools.Self, "origin", path);
            using var client = new Worker("The client", null, Tools.Self, "client");
            string port = origin.Ask("listen");
            origin.Tell($"accept {count}");
            _ = client.Ask($"connect {port} {count}");
            _ = origin.Answer();
            target.Tell($"receive {count}");
            Thread.Sleep(100);
            long start = long.Parse(origin.Ask("move"));
            string[] words = target.Answer().Split(' ');
            _ = client.Ask("talk");
            _ = target.Ask("answer");
            int answered = int.Parse(client.Ask("listen"));
            if (!_results.TryGetValue(count, out List<Result>? results))
            {
                _results[count] = results = [];
            }

            results.Add(new Result((long.Parse(words[0]) - start) / 1e6, count - answered, long.Parse(words[1]), long.Parse(words[2])));
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }

    private sealed record Result(double Milliseconds, int Lost, long Managed, long Private);
}
