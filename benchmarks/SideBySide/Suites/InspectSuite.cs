using System.Diagnostics;
using System.Globalization;
using PSFdPass.Benchmarks.Measuring;
using PSFdPass.Benchmarks.Report;

namespace PSFdPass.Benchmarks.Suites;

/// <summary>
/// Measures how long it takes to describe all descriptors of another process with many sockets: Get-FileDescriptor beside lsof.
/// </summary>
internal sealed class InspectSuite : Suite
{
    private const int Sockets = 10_000;
    private const int WarmUps = 4;
    private const int MostRounds = 8;
    private static readonly string[] Kinds = ["tcp", "unix"];

    private readonly Dictionary<string, List<double>> _ours = [];
    private readonly Dictionary<string, List<double>> _lsof = [];

    public override void Measure(Options options)
    {
        Libc.RaiseDescriptorLimit(Sockets + 300);
        string[]? lsof = TryPeer("lsof", () => Script("lsof", "-nP", "-p"));
        using var holder = new Worker("The process with many sockets", Pinned.Other, [Tools.Self, "holder"]);
        using var pwsh = new Worker("pwsh", Pinned.Measured, PwshSuite.WorkerCommand);
        foreach (string kind in Kinds)
        {
            _ = holder.Ask($"{kind} {Sockets}");
            _ours[kind] = [];
            _lsof[kind] = [];
            for (int round = -WarmUps; round < Math.Min(options.Rounds, MostRounds); round++)
            {
                string[] answer = pwsh.Ask($"describe {holder.Id}").Split(' ');
                if (int.Parse(answer[1], CultureInfo.InvariantCulture) < Sockets)
                {
                    throw new BenchmarkException($"Get-FileDescriptor described {answer[1]} descriptors, not {Sockets}.");
                }

                double theirs = lsof is null ? 0 : TimeOf([.. lsof, $"{holder.Id}"]);
                if (round >= 0)
                {
                    _ours[kind].Add(long.Parse(answer[0], CultureInfo.InvariantCulture) / 1e6);
                    _lsof[kind].Add(theirs);
                }
            }
        }
    }

    public override void Report(Page page)
    {
        var table = new Table($"a process with {Sockets:#,0} sockets", ">ms", ">from", ">to", ">times lsof");
        foreach (string kind in Kinds.Where(_ours.ContainsKey))
        {
            bool hasPeer = _lsof[kind].TrueForAll(static time => time > 0);
            if (hasPeer)
            {
                AddRow(table, $"`lsof -nP -p`, {Name(kind)}", _lsof[kind], _lsof[kind]);
            }

            AddRow(table, $"`Get-FileDescriptor -ProcessId`, {Name(kind)}", _ours[kind], hasPeer ? _lsof[kind] : null);
            if (hasPeer)
            {
                page.Aims.AtMost($"{Sockets:#,0} sockets described, {Name(kind)}", "lsof", 0.5, Summary.Ratio(_ours[kind], _lsof[kind]).Median);
            }
        }

        page.Add("inspect", table, Notices);
    }

    private static string Name(string kind) => kind == "tcp" ? "TCP" : "Unix-domain";

    private static void AddRow(Table table, string name, List<double> times, List<double>? beside)
    {
        Summary time = Summary.Of(times);
        table.Add(name, $"{time.Median:0.0}", $"{time.Min:0.0}", $"{time.Max:0.0}", beside is null ? "" : $"{Summary.Ratio(times, beside).Median:0.00}");
    }

    private static double TimeOf(string[] command)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Pinned.Start(
            new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" > /dev/null 2>&1", "lsof", .. command]), Pinned.Measured);
        process.WaitForExit();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
