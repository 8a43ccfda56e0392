using PSFdPass.Benchmarks.Measuring;
using PSFdPass.Benchmarks.Report;

namespace PSFdPass.Benchmarks.Suites;

/// <summary>The cmdlets in pwsh, beside Python's loop and beside a cmdlet that does nothing.</summary>
internal sealed class PwshSuite : Suite
{
    private const int Most = 10_000;
    private const int Spare = 300;
    private const int Calls = 100;
    private static readonly string[] CallWorks = ["nothing", "nothing-with-arguments", "send"];

    private readonly List<double> _python = [];
    private readonly Dictionary<string, List<double>> _pwsh = new() { ["pipeline"] = [], ["array"] = [] };
    private readonly Dictionary<string, List<double>> _sides = [];
    private readonly Dictionary<string, List<double>> _calls = CallWorks.ToDictionary(work => work, _ => new List<double>());
    private int _count = Most;

    /// <summary>The module as the build has laid it out.</summary>
    public static string Module => Directory.EnumerateFiles(Path.Combine(Tools.Root, "out", "PSFdPass"), "PSFdPass.psd1", SearchOption.AllDirectories).Last();

    /// <summary>The module with one empty cmdlet.</summary>
    public static string EmptyModule => Path.Combine(Tools.Root, "artifacts", "bin", "EmptyModule", "release", "EmptyModule.psd1");

    public override void Measure(Options options)
    {
        string[] pwsh = Script("pwsh", "-NoProfile", "-NonInteractive", "-File", Path.Combine(Tools.Benchmarks, "pwsh", "worker.ps1"), $"{Module},{EmptyModule}");
        _count = (int)Math.Min(Most, Libc.RaiseDescriptorLimit(Most + Spare) - Spare);
        if (_count < Most)
        {
            Notices.Add($"This user may have {_count + Spare} descriptors a process, so {_count} were sent, and not {Most}.");
        }

        string folder = Directory.CreateTempSubdirectory("psfdpass-").FullName;
        try
        {
            using var ours = new Sides("pwsh", pwsh, Path.Combine(folder, "ours.sock"), _count);
            using Sides? python = TryPeer("Python", () => Script("python3", Peer("stream.py"))) is { } command
                ? new Sides("Python", command, Path.Combine(folder, "python.sock"), _count)
                : null;
            for (int round = -3; round < options.Rounds; round++)
            {
                Pass(ours, "pipeline", round, _pwsh["pipeline"], "pwsh, pipeline");
                Pass(ours, "array", round, _pwsh["array"], "pwsh, array");
                if (python is not null)
                {
                    Pass(python, "pipeline", round, _python, "Python");
                }
            }

            MeasureCalls(ours.Receiver, options);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public override void Report(Page page)
    {
        if (_pwsh["array"].Count == 0)
        {
            page.Add("pwsh", "", Notices);
            return;
        }

        var streams = new Table($"{_count:#,0} descriptors, ns each", ">median", ">from", ">to", ">times Python", ">sender", ">receiver");
        AddStream("Python: a loop of `send_fds`, a loop of `recv_fds`", _python, "Python");
        AddStream("`$fds \\| Send-FileDescriptor $a`, `Receive-FileDescriptor $b -Count 10000`", _pwsh["pipeline"], "pwsh, pipeline");
        AddStream("`Send-FileDescriptor $a $fds`, `Receive-FileDescriptor $b -Count 10000`", _pwsh["array"], "pwsh, array");
        page.Add("pwsh", streams, Notices);

        var calls = new Table("one call, ns", ">median", ">from", ">to", ">times nothing");
        foreach ((string work, string text) in CallWorks.Zip(
            (string[])["`Invoke-Nothing`", "`Invoke-Nothing $a $fd`", "`Send-FileDescriptor $a $fd`"]))
        {
            Summary time = Summary.Of(_calls[work]);
            calls.Add(text, $"{time.Median:0}", $"{time.Min:0}", $"{time.Max:0}", $"{Summary.Ratio(_calls[work], _calls["nothing"]).Median:0.00}");
        }

        page.Add("calls", calls);
        page.Picture.AddBars(
            $"{_count:#,0} descriptors from one process to another", "ns each",
            [
                .. _python.Count > 0 ? (IEnumerable<(string, double, bool)>)[("Python's loop", Summary.Of(_python).Median, false)] : [],
                ("pwsh, pipeline", Summary.Of(_pwsh["pipeline"]).Median, true),
                ("pwsh, array", Summary.Of(_pwsh["array"]).Median, true),
            ]);

        void AddStream(string name, List<double> times, string sides)
        {
            if (times.Count > 0)
            {
                Summary time = Summary.Of(times);
                string ratio = _python.Count > 0 ? $"{Summary.Ratio(times, _python).Median:0.00}" : "";
                streams.Add(name, $"{time.Median:0}", $"{time.Min:0}", $"{time.Max:0}", ratio,
                    $"{Summary.Of(_sides[sides + " sends"]).Median:0}", $"{Summary.Of(_sides[sides + " receives"]).Median:0}");
            }
        }
    }

    private void Pass(Sides sides, string form, int round, List<double> times, string name)
    {
        (double whole, double sending, double receiving) = sides.Pass(form);
        if (round >= 0)
        {
            times.Add(whole / _count);
            Add(name + " sends", sending / _count);
            Add(name + " receives", receiving / _count);
        }
    }

    private void Add(string name, double time)
    {
        if (!_sides.TryGetValue(name, out List<double>? times))
        {
            _sides[name] = times = [];
        }

        times.Add(time);
    }

    private void MeasureCalls(Worker worker, Options options)
    {
        for (int round = -20; round < options.Rounds * 6; round++)
        {
            foreach (string work in CallWorks)
            {
                double time = long.Parse(worker.Ask($"call {work} {Calls}")) / (double)Calls;
                if (round >= 0)
                {
                    _calls[work].Add(time);
                }
            }

            if (round < 0)
            {
                // The JIT compiles in the background.
                Thread.Sleep(50);
            }
        }
    }

    /// <summary>A sender and a receiver of the same kind, each on a processor of its own, joined by a stream socket.</summary>
    private sealed class Sides : IDisposable
    {
        private readonly Worker _sender;
        private readonly int _count;

        public Sides(string name, string[] command, string path, int count)
        {
            _count = count;
            Receiver = new Worker($"{name}, receiving", Pinned.Measured, command);
            _sender = new Worker($"{name}, sending", Pinned.Other, command);
            Receiver.Tell($"listen {path}");
            while (!File.Exists(path))
            {
                Thread.Sleep(10);
            }

            Thread.Sleep(100);
            _ = _sender.Ask($"connect {path}");
            _ = Receiver.Answer();
            _ = _sender.Ask($"hold {count}");
        }

        public Worker Receiver { get; }

        public (double Whole, double Sending, double Receiving) Pass(string form)
        {
            Receiver.Tell($"receive {_count}");
            Thread.Sleep(5);
            string[] sent = _sender.Ask(form).Split(' ');
            string[] received = Receiver.Answer().Split(' ');
            long start = long.Parse(sent[0]);
            return (long.Parse(received[1]) - start, long.Parse(sent[1]) - start, long.Parse(received[1]) - start);
        }

        public void Dispose()
        {
            _sender.Dispose();
            Receiver.Dispose();
        }
    }
}
