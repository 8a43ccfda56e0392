using PSFdPass.Benchmarks.Measuring;
using PSFdPass.Benchmarks.Report;

namespace PSFdPass.Benchmarks.Suites;

/// <summary>Measures the cmdlets in pwsh, beside Python's loop and a cmdlet that does nothing.</summary>
internal sealed class PwshSuite : Suite
{
    private const int Most = 10_000;
    private const int Spare = 300;
    private const int Chunk = 200;
    private const int WarmUps = 40;
    private const int Calls = 100;
    private static readonly string[] Names = ["Python", "pipeline", "array"];
    private const string Library = "library";
    private static readonly string[] CallWorks = ["nothing", "nothing-with-arguments", "send"];

    private readonly Dictionary<string, List<double>> _times = [];
    private readonly Dictionary<string, List<double>> _calls = CallWorks.Append(Library).ToDictionary(work => work, _ => new List<double>());
    private int _count = Most;

    /// <summary>Gets the path of the module in the output of the build.</summary>
    public static string Module => Directory.EnumerateFiles(Path.Combine(Tools.Root, "out", "PSFdPass"), "PSFdPass.psd1", SearchOption.AllDirectories).Last();

    /// <summary>Gets the path of the module with one empty cmdlet.</summary>
    public static string EmptyModule => Path.Combine(Tools.Root, "artifacts", "bin", "EmptyModule", "release", "EmptyModule.psd1");

    /// <summary>Gets the path of the module with one empty cmdlet and one view for the prompt.</summary>
    public static string EmptyModuleWithView => Path.Combine(Tools.Root, "artifacts", "bin", "EmptyModule", "release", "EmptyModuleWithView.psd1");

    /// <summary>Gets the path of the module with one empty cmdlet, a view and a type file.</summary>
    public static string EmptyModuleWithTypes => Path.Combine(Tools.Root, "artifacts", "bin", "EmptyModule", "release", "EmptyModuleWithTypes.psd1");

    /// <summary>Gets the command of a pwsh that runs the requests in its input (benchmarks/pwsh/worker.ps1).</summary>
    public static string[] WorkerCommand => Script("pwsh", "-NoProfile", "-NonInteractive", "-File", Path.Combine(Tools.Benchmarks, "pwsh", "worker.ps1"), Module, EmptyModule);

    public override void Measure(Options options)
    {
        string[] pwsh = WorkerCommand;
        _count = Math.Min(Most, (int)(Libc.RaiseDescriptorLimit(Most + Spare) - Spare) / Chunk * Chunk);
        if (_count < Most)
        {
            Notices.Add($"This user may have {_count + Spare} descriptors a process, so {_count} were sent, and not {Most}.");
        }

        using var folder = new WorkFolder();
        using var ours = new Sides("pwsh", pwsh, folder.Socket("ours"), _count);
        using Sides? python = TryPeer("Python", () => Script("python3", Peer("stream.py"))) is { } command
            ? new Sides("Python", command, folder.Socket("python"), _count)
            : null;
        for (int round = -WarmUps; round < options.Rounds; round++)
        {
            Pass(python, "pipeline", round, "Python");
            Pass(ours, "pipeline", round, "pipeline");
            Pass(ours, "array", round, "array");
            if (round < 0)
            {
                // The JIT compiles in the background. PowerShell's own code is compiled in several steps.
                Thread.Sleep(100);
            }
        }

        MeasureCalls(ours.Receiver, options);
    }

    public override void Report(Page page)
    {
        if (_times.Count == 0)
        {
            page.Add("pwsh", "", Notices);
            return;
        }

        page.Add("pwsh", Streams("whole", $"one process, {Chunk} sent, then received", sides: false), Notices);
        page.Add("pwsh-two", Streams("whole, two processes", "from one process to another", sides: true));

        var calls = new Table("one call, ns", ">median", ">from", ">to", ">times the first", ">times the second");
        foreach ((string work, string text) in CallWorks.Append(Library).Zip(
            (string[])["`Invoke-Nothing`", "`Invoke-Nothing $a $fd`", "`Send-FileDescriptor $a $fd`", "the send alone, from C#"]))
        {
            Summary time = Summary.Of(_calls[work]);
            calls.Add(text, $"{time.Median:0}", $"{time.Min:0}", $"{time.Max:0}",
                $"{Summary.Ratio(_calls[work], _calls["nothing"]).Median:0.00}",
                $"{Summary.Ratio(_calls[work], _calls["nothing-with-arguments"]).Median:0.00}");
        }

        page.Add("calls", calls);
        AddAims(page.Aims);
        page.Picture.AddBars(
            "One descriptor of 10,000, in pwsh and in Python", "ns",
            Names.Where(name => _times.ContainsKey(Key(name, "whole")))
                .Select(name => (name == "Python" ? "Python's loop" : "pwsh, " + name, Summary.Of(_times[Key(name, "whole")]).Median, name != "Python")));
    }

    private void AddAims(Aims aims)
    {
        if (_times.TryGetValue(Key("Python", "whole"), out List<double>? python))
        {
            aims.AtMost("10,000 by the pipeline, one process", "Python", 0.6, Summary.Ratio(_times[Key("pipeline", "whole")], python).Median);
            aims.AtMost("10,000 as arrays, one process", "Python", 0.35, Summary.Ratio(_times[Key("array", "whole")], python).Median);
        }

        aims.AtMost("one call of `Send-FileDescriptor`", "`Invoke-Nothing`, bare", 1.5, Summary.Ratio(_calls["send"], _calls["nothing"]).Median);
        aims.AtMost(
            "one call of `Send-FileDescriptor`", "`Invoke-Nothing`, same arguments", 1.5, Summary.Ratio(_calls["send"], _calls["nothing-with-arguments"]).Median);
    }

    private static string Key(string name, string what) => $"{name}: {what}";

    private Table Streams(string what, string heading, bool sides)
    {
        var table = new Table([heading, ">ns each", ">from", ">to", ">times Python", .. sides ? (string[])[">sender", ">receiver"] : []]);
        foreach (string name in Names.Where(name => _times.ContainsKey(Key(name, what))))
        {
            List<double> times = _times[Key(name, what)];
            Summary time = Summary.Of(times);
            string ratio = _times.TryGetValue(Key("Python", what), out List<double>? python) ? $"{Summary.Ratio(times, python).Median:0.00}" : "";
            string text = name switch
            {
                "pipeline" => "`$fds \\| Send-FileDescriptor $a`, `Receive-FileDescriptor $b -Count`",
                "array" => "`Send-FileDescriptor $a $fds`, `Receive-FileDescriptor $b -Count`",
                _ => "Python: a loop of `send_fds`, a loop of `recv_fds`",
            };
            table.Add([text, $"{time.Median:0}", $"{time.Min:0}", $"{time.Max:0}", ratio,
                .. sides ? [$"{Summary.Of(_times[Key(name, "sender")]).Median:0}", $"{Summary.Of(_times[Key(name, "receiver")]).Median:0}"] : (string[])[]]);
        }

        return table;
    }

    private void Pass(Sides? sides, string form, int round, string name)
    {
        if (sides is null)
        {
            return;
        }

        (double whole, double sending, double receiving) = sides.Pass(form);
        double alone = sides.PassAlone(form);
        if (round >= 0)
        {
            Add(name, "whole", alone);
            Add(name, "whole, two processes", whole);
            Add(name, "sender", sending);
            Add(name, "receiver", receiving);
        }
    }

    private void Add(string name, string what, double nanoseconds)
    {
        if (!_times.TryGetValue(Key(name, what), out List<double>? times))
        {
            _times[Key(name, what)] = times = [];
        }

        times.Add(nanoseconds / _count);
    }

    private void MeasureCalls(Worker worker, Options options)
    {
        using var library = new Worker("The library, sending", Pinned.Measured, [Tools.Self, "loop"]);
        for (int round = -20; round < options.Rounds * 6; round++)
        {
            foreach (string work in CallWorks)
            {
                Note(work, long.Parse(worker.Ask($"call {work} {Calls}")), round);
            }

            Note(Library, library.Loop("send", 1, Calls), round);

            if (round < 0)
            {
                // The JIT compiles in the background.
                Thread.Sleep(50);
            }
        }
    }

    private void Note(string work, long nanoseconds, int round)
    {
        if (round >= 0)
        {
            _calls[work].Add(nanoseconds / (double)Calls);
        }
    }

    /// <summary>A sender and a receiver of the same kind, each on a separate processor. They are connected by a stream socket.</summary>
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
            Receiver.WaitFor(() => File.Exists(path));
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

        public double PassAlone(string form)
        {
            string[] words = _sender.Ask($"chunks {form} {Chunk}").Split(' ');
            return long.Parse(words[1]) - long.Parse(words[0]);
        }

        public void Dispose()
        {
            _sender.Dispose();
            Receiver.Dispose();
        }
    }
}
