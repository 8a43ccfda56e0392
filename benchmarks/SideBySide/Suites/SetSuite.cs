using System.Globalization;
using PSFdPass.Benchmarks.Measuring;
using PSFdPass.Benchmarks.Report;

namespace PSFdPass.Benchmarks.Suites;

/// <summary>
/// Measures waiting until one of many sockets is readable: Wait-FileDescriptor with a set beside Socket.Select, both in pwsh.
/// </summary>
internal sealed class SetSuite : Suite
{
    private const int WarmUps = 6;
    private const int Wakes = 50;
    private static readonly int[] Counts = [100, 1_000, 10_000];
    private static readonly string[] Forms = ["set", "select"];

    private readonly Dictionary<(int Count, string Form), List<double>> _times = [];

    public override void Measure(Options options)
    {
        Libc.RaiseDescriptorLimit(Counts[^1] + 300);
        foreach (int count in Counts)
        {
            // Each count has a new process, because the members of a smaller set would still be open.
            using var pwsh = new Worker("pwsh", Pinned.Measured, PwshSuite.WorkerCommand);
            _ = pwsh.Ask($"members {count}");
            Array.ForEach(Forms, form => _times[(count, form)] = []);
            foreach (string form in Forms)
            {
                // The forms are not measured in turn, because the lists that Socket.Select needs leave work for the garbage collector.
                for (int round = -WarmUps; round < options.Rounds; round++)
                {
                    int wakes = form == "select" && count == Counts[^1] ? Wakes / 10 : Wakes;
                    double time = long.Parse(pwsh.Ask($"wake {form} {wakes}"), CultureInfo.InvariantCulture) / 1e3 / wakes;
                    if (round >= 0)
                    {
                        _times[(count, form)].Add(time);
                    }
                    else
                    {
                        Thread.Sleep(100);
                    }
                }
            }
        }
    }

    public override void Report(Page page)
    {
        if (!_times.TryGetValue((Counts[^1], "set"), out List<double>? most))
        {
            return;
        }

        var table = new Table(">idle members", ">`Wait-FileDescriptor $set`, µs", ">from", ">`Socket.Select`, µs", ">from", ">times Select");
        foreach (int count in Counts)
        {
            List<double> set = _times[(count, "set")];
            List<double> select = _times[(count, "select")];
            table.Add(
                count.ToString("#,0", CultureInfo.InvariantCulture), $"{Summary.Of(set).Median:0.0}", $"{Summary.Of(set).Min:0.0}",
                $"{Summary.Of(select).Median:0.0}", $"{Summary.Of(select).Min:0.0}",
                $"{Summary.Ratio(set, select).Median:0.000}");
        }

        page.Add("set", table, Notices);
        page.Aims.AtMost("one of 10,000 members wakes", "Socket.Select", 0.1, Summary.Ratio(most, _times[(Counts[^1], "select")]).Median);
        page.Aims.AtMost(
            "one of 10,000 members wakes, the fastest round", "one of 100", 1.1, Summary.Of(most).Min / Summary.Of(_times[(Counts[0], "set")]).Min);
    }
}
