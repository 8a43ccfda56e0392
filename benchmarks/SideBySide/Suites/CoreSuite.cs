using PSFdPass.Benchmarks.Measuring;
using PSFdPass.Benchmarks.Report;

namespace PSFdPass.Benchmarks.Suites;

/// <summary>
/// Measures sending, receiving and closing in one process, over a stream socket pair: the library beside the same loop in other languages.
/// </summary>
internal sealed class CoreSuite : Suite
{
    private const int BatchNanoseconds = 12_000_000;
    private static readonly int[] Counts = [1, 2, 8, 32, 64, 128, 253];
    private const int Queued = 200;
    private const int WarmUps = 8;
    private const int WarmUpCalls = 40;

    private readonly List<Contender> _contenders = [];
    private readonly List<Contender> _batching = [];

    public override void Measure(Options options)
    {
        AddContenders();
        AddBatching();
        try
        {
            WarmUp();

            // This measurement comes first, because its many rounds also warm up the contenders for the measurements below.
            foreach (int count in Counts)
            {
                bool isTarget = count is 1 or 253;
                Contender[] taking = [.. _contenders.Where(contender => count == 1 || contender.Grows)];
                Interleave(isTarget ? options.Rounds * 2 : options.Rounds, taking, contender => contender.Measure(count));
            }

            Interleave(options.Rounds * 2, [.. _batching], contender => contender.Measure(Queued));
            Interleave(options.Rounds * 2, [_contenders[0], .. _contenders.Where(contender => contender.Work == "range")], contender => contender.Measure(253));
            foreach (Contender contender in _contenders.Where(contender => contender.IsOurs))
            {
                contender.CountBytes();
            }
        }
        finally
        {
            _contenders.ForEach(contender => contender.Worker.Dispose());
            _batching.ForEach(contender => contender.Worker.Dispose());
        }
    }

    public override void Report(Page page)
    {
        if (_contenders.Count == 0)
        {
            return;
        }

        Contender c = _contenders[0];
        var one = new Table("", ">one descriptor, ns", ">from", ">to", ">times C", ">bytes allocated");
        var floor = new Table("", ">one descriptor, ns", ">from", ">to", ">times C", "");
        var most = new Table("", ">253 a message, ns each", ">from", ">to", ">times C", ">bytes allocated, each");
        var growth = new Table(["descriptors a message", .. _contenders.Where(contender => contender.Grows).Select(contender => ">" + contender.Name)]);
        foreach (Contender contender in _contenders)
        {
            if (contender.IsFloor)
            {
                AddRow(floor, contender, c, 1);
                continue;
            }

            AddRow(one, contender, c, 1);
            if (contender.Grows)
            {
                AddRow(most, contender, c, 253);
            }
        }

        foreach (int count in Counts)
        {
            growth.Add([$"{count}", .. _contenders.Where(contender => contender.Grows).Select(contender => $"{contender.At(count).Median:0}")]);
        }

        var batches = new Table("", $">{Queued} messages, ns each", ">from", ">to", ">times C");
        foreach (Contender contender in _batching)
        {
            Summary time = contender.At(Queued);
            batches.Add(contender.Name, $"{time.Median:0}", $"{time.Min:0}", $"{time.Max:0}", $"{Ratio(contender, _batching[0], Queued):0.00}");
        }

        AddAims(page.Aims, c);
        page.Add("core-batch", batches);
        page.Add("core", one, Notices);
        page.Add("core-floor", floor);
        page.Add("core-253", most);
        page.Add("growth", growth);
        page.Picture.AddBars(
            "Send, receive and close one descriptor", "ns",
            _contenders.Where(contender => !contender.IsFloor).Select(contender => (contender.Name, contender.At(1).Median, contender.IsOurs)));
        page.Picture.AddLines(
            "The same, by descriptors a message", "ns each", Counts,
            _contenders.Where(contender => contender.Grows)
                .Select(contender => (contender.Name, Counts.Select(count => contender.At(count).Median).ToArray(), contender.IsOurs)));
    }

    private void AddAims(Aims aims, Contender c)
    {
        Contender numbers = _contenders.Single(contender => contender.Work == "numbers");
        Contender owned = _contenders.Single(contender => contender.Work == "owned");
        Contender batch = _batching.Single(contender => contender.Work == "batch" && contender.IsOurs);
        aims.AtMost("one descriptor, numbers", "C# without the library", 1.02, Ratio(numbers, _contenders.Single(contender => contender.Work == "bare"), 1));
        aims.AtMost($"{Queued} messages in batches", "C, one by one", 0.95, Ratio(batch, _batching[0], Queued));
        aims.AtMost("one descriptor, numbers", "C", 1.05, Ratio(numbers, c, 1));
        aims.AtMost("one descriptor, owned", "C", 1.15, Ratio(owned, c, 1));
        foreach (Contender other in _contenders.Where(contender => contender.Name is "Go" or "Python" or "Ruby" or "Perl"))
        {
            aims.AtMost("one descriptor, owned", other.Name, 1, Ratio(owned, other, 1));
        }

        aims.AtMost("253 a message, owned", "C", 1.05, Ratio(owned, c, 253));
        aims.AtMost("253 a message, numbers", "C", 0.85, Ratio(numbers, c, 253));
        aims.AtMost("allocated for a message of numbers", "", 0, numbers.Bytes[1], " bytes");
    }

    private static double Ratio(Contender one, Contender other, int count) =>
        Summary.Ratio(one.Times[count], other.Times[count]).Median;

    private static void AddRow(Table table, Contender contender, Contender c, int count)
    {
        Summary time = contender.At(count);
        string ratio = Ratio(contender, c, count).ToString("0.00");
        string bytes = contender.Bytes.TryGetValue(count, out double value) ? $"{value:0.#}" : "";
        table.Add(contender.Name, $"{time.Median:0}", $"{time.Min:0}", $"{time.Max:0}", ratio, bytes);
    }

    private void AddContenders()
    {
        string[] self = [Tools.Self, "loop"];
        Add("C", () => [Tools.BuildC(Peer("loop.c"))], "pass", grows: true);
        Add("C, close_range", () => [Tools.BuildC(Peer("loop.c"))], "range", grows: true);
        Add("PSFdPass, numbers", () => self, "numbers", grows: true, isOurs: true);
        Add("PSFdPass, owned", () => self, "owned", grows: true, isOurs: true);
        Add("PSFdPass, messages", () => self, "messages", grows: true, isOurs: true);
        Add("Go", () => [Tools.BuildGo(Peer("loop.go"))], "pass", grows: true);
        Add("Python", () => Script("python3", Peer("loop.py")), "pass", grows: true);
        Add("Python, recvmsg", () => Script("python3", Peer("loop.py")), "raw");
        Add("Ruby", () => Script("ruby", Peer("loop.rb")), "pass");
        Add("Perl", PerlWithFdPass, "pass");
        Add("C, two threads", () => [Tools.BuildC(Peer("loop.c")), "2"], "pass");
        Add("C# without the library, numbers", () => self, "bare");
        Add("C# without the library, handles", () => self, "bare-handles");
    }

    private void AddBatching()
    {
        foreach ((string name, Func<string[]> command, string work, bool isOurs) in (ReadOnlySpan<(string, Func<string[]>, string, bool)>)
        [
            ("C, one by one", () => [Tools.BuildC(Peer("loop.c"))], "queue", false),
            ("C, sendmmsg, recvmmsg and close_range", () => [Tools.BuildC(Peer("loop.c"))], "batch", false),
            ("PSFdPass, SendEachNumber and ReceiveNumbers", () => [Tools.Self, "loop"], "batch", true),
        ])
        {
            if (TryPeer(name, command) is { } found)
            {
                _batching.Add(new Contender(name, new Worker(name, Pinned.Measured, found), work, Grows: true, isOurs));
            }
        }
    }

    private static string[] PerlWithFdPass() =>
        Tools.Output("perl", "-MIO::FDPass", "-e", "print 1") == "1"
            ? Script("perl", Peer("loop.pl"))
            : throw new BenchmarkException("There is no perl with IO::FDPass (Debian: libio-fdpass-perl).");

    private void Add(string name, Func<string[]> command, string work, bool grows = false, bool isOurs = false)
    {
        if (TryPeer(name, command) is { } found)
        {
            _contenders.Add(new Contender(name, new Worker(name, Pinned.Measured, found), work, grows, isOurs));
        }
        else if (_contenders.Count == 0)
        {
            throw new BenchmarkException("Everything is measured beside C: it takes gcc.");
        }
    }

    private void WarmUp()
    {
        foreach (Contender contender in (Contender[])[.. _contenders, .. _batching])
        {
            for (int round = 0; round < (contender.IsManaged ? WarmUps : 1); round++)
            {
                // The calls are short and many, because the JIT counts calls, not iterations, before it optimizes a method.
                for (int call = 0; call < WarmUpCalls; call++)
                {
                    _ = contender.Worker.Loop(contender.Work, 1, 200);
                    _ = contender.Worker.Loop(contender.Work, contender.Grows ? 253 : 1, 2);
                }

                // The JIT compiles in the background, on the same processor, when no new method has been called for 100 ms.
                Thread.Sleep(contender.IsManaged ? 200 : 0);
            }
        }
    }

    private sealed record Contender(string Name, Worker Worker, string Work, bool Grows, bool IsOurs)
    {
        public Dictionary<int, List<double>> Times { get; } = [];

        public Dictionary<int, double> Bytes { get; } = [];

        /// <summary>Gets a value indicating whether this contender only shows a lower limit for programs in .NET.</summary>
        public bool IsFloor => Name == "C, two threads" || Name.StartsWith("C# without", StringComparison.Ordinal);

        public bool IsManaged => IsOurs || Work.StartsWith("bare", StringComparison.Ordinal);

        public Summary At(int count) => Summary.Of(Times[count]);

        // Records the time in nanoseconds per descriptor.
        public void Measure(int count)
        {
            if (!Times.TryGetValue(count, out List<double>? times))
            {
                Times[count] = times = [];
            }

            double guess = times.Count > 0 ? times[^1] * count : Worker.Loop(Work, count, 50) / 50.0;
            int batch = (int)Math.Max(10, BatchNanoseconds / guess);
            times.Add(Worker.Loop(Work, count, batch) / (double)batch / count);
        }

        public void CountBytes()
        {
            foreach (int count in (int[])[1, 253])
            {
                Bytes[count] = Worker.Loop($"bytes-{Work}", count, 1000) / 1000.0 / count;
            }
        }
    }
}
