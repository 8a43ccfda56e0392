using System.Globalization;
using PSFdPass.Benchmarks.Measuring;
using PSFdPass.Benchmarks.Report;

namespace PSFdPass.Benchmarks.Suites;

/// <summary>Moves many live TCP connections from one process to another, while their users keep them open, and counts the lost ones.</summary>
internal sealed class MoveSuite : Suite
{
    private const int Spare = 200;
    private const int MostRounds = 3;
    private const int WarmUp = 500;
    private static readonly int[] Counts = [1_000, 5_000, 20_000, 50_000];

    private readonly Dictionary<int, List<Result>> _results = [];
    private int _most;

    public override void Measure(Options options)
    {
        _most = (int)(Libc.RaiseDescriptorLimit(Counts[^1] + Spare) - Spare);
        if (_most < Counts[^1])
        {
            Notices.Add(
                $"This user may have {_most + Spare:#,0} descriptors a process (`ulimit -Hn`), and the runner may not raise that: " +
                $"more than {_most:#,0} connections were moved between as many pairs of processes as they need, one pair after the other.");
        }

        Interleave(Math.Min(options.Rounds, MostRounds), Counts, Move);
    }

    public override void Report(Page page)
    {
        var table = new Table(
            ">connections", ">pairs of processes", ">lost", ">time, ms", ">from", ">to", ">µs a connection", ">managed memory, bytes each", ">private memory, bytes each");
        foreach ((int count, List<Result> results) in _results)
        {
            Summary time = Summary.Of(results.Select(result => result.Milliseconds));
            table.Add(
                count.ToString("#,0", CultureInfo.InvariantCulture),
                $"{results[0].Pairs}", $"{results.Sum(result => result.Lost)}",
                $"{time.Median:0.0}", $"{time.Min:0.0}", $"{time.Max:0.0}",
                $"{time.Median * 1000 / count:0.00}",
                $"{Summary.Of(results.Select(result => (double)result.Managed / count)).Median:0}",
                $"{Summary.Of(results.Select(result => (double)result.Private / count)).Median:0}");
        }

        page.Add("move", table, Notices);
        if (_results.TryGetValue(Counts[^1], out List<Result>? most))
        {
            page.Aims.AtMost($"lost of {Counts[^1]:#,0} connections", "", 0, most.Max(result => result.Lost), "");
            page.Aims.AtMost("a connection moved, of 50,000", "", 4, Summary.Of(most.Select(result => result.Milliseconds)).Median * 1000 / Counts[^1], " µs");
        }
    }

    // Each round has new processes, because memory that an earlier round had allocated would not be counted again.
    private void Move(int count)
    {
        using var folder = new WorkFolder();
        int pairs = ((count - 1) / _most) + 1;
        Pair[] all = [.. Enumerable.Range(0, pairs).Select(number => new Pair(folder.Socket($"{number}"), (count / pairs) + (number < count % pairs ? 1 : 0)))];
        try
        {
            foreach (Pair pair in all)
            {
                // Small moves come first, so that the JIT is not measured.
                for (int warmUp = 0; warmUp < 5; warmUp++)
                {
                    _ = pair.Move(WarmUp);
                    _ = pair.CountAnswers();
                    Thread.Sleep(100);
                }
            }

            Moved[] moved = [.. all.Select(pair => pair.Move(pair.Count))];
            int answers = all.Sum(pair => pair.CountAnswers());
            if (!_results.TryGetValue(count, out List<Result>? results))
            {
                _results[count] = results = [];
            }

            results.Add(new Result(
                pairs, moved.Sum(one => one.Milliseconds), count - answers, moved.Sum(one => one.Managed), moved.Sum(one => one.Private)));
        }
        finally
        {
            foreach (Pair pair in all)
            {
                pair.Dispose();
            }
        }
    }

    private readonly record struct Moved(double Milliseconds, long Managed, long Private);

    private sealed record Result(int Pairs, double Milliseconds, int Lost, long Managed, long Private);

    /// <summary>The process that the connections are moved from, the one that they are moved to, and the one that has their other ends.</summary>
    private sealed class Pair : IDisposable
    {
        private readonly Worker _target;
        private readonly Worker _origin;
        private readonly Worker _client;
        private readonly string _port;

        public Pair(string path, int count)
        {
            Count = count;
            _target = new Worker("The target", Pinned.Measured, Tools.Self, "target", path);
            _origin = new Worker("The origin", Pinned.Other, Tools.Self, "origin", path);
            _client = new Worker("The client", null, Tools.Self, "client");
            _port = _origin.Ask("listen");
        }

        public int Count { get; }

        public Moved Move(int count)
        {
            _origin.Tell($"accept {count}");
            _ = _client.Ask($"connect {_port} {count}");
            _ = _origin.Answer();
            _target.Tell($"receive {count}");
            Thread.Sleep(100);
            long start = long.Parse(_origin.Ask("move"));
            string[] words = _target.Answer().Split(' ');
            return new Moved((long.Parse(words[0]) - start) / 1e6, long.Parse(words[1]), long.Parse(words[2]));
        }

        public int CountAnswers()
        {
            _ = _client.Ask("talk");
            _ = _target.Ask("answer");
            int answers = int.Parse(_client.Ask("listen"));
            _ = _client.Ask("close");
            return answers;
        }

        public void Dispose()
        {
            _client.Dispose();
            _origin.Dispose();
            _target.Dispose();
        }
    }
}
