using PSFdPass.Benchmarks.Measuring;
using PSFdPass.Benchmarks.Report;

namespace PSFdPass.Benchmarks.Suites;

/// <summary>Measures the time per descriptor, in the kernel and in the program, and counts the system calls.</summary>
internal sealed class ProfileSuite : Suite
{
    private const int Batch = 400_000;
    private const int Few = 1000;
    private const int Many = 11_000;

    private readonly List<Row> _rows = [];

    public override void Measure(Options options)
    {
        Add("C", () => [Tools.BuildC(Peer("loop.c"))], "pass");
        Add("PSFdPass, numbers", () => [Tools.Self, "loop"], "numbers");
        Add("PSFdPass, owned", () => [Tools.Self, "loop"], "owned");
        Add("Go", () => [Tools.BuildGo(Peer("loop.go"))], "pass");
        Add("Python", () => Script("python3", Peer("loop.py")), "pass");
    }

    public override void Report(Page page)
    {
        var table = new Table("one descriptor", ">ns in the program", ">ns in the kernel", ">system calls", "which");
        foreach (Row row in _rows)
        {
            table.Add(row.Name, $"{row.User:0}", $"{row.Kernel:0}", $"{row.Calls.Values.Sum():0.##}",
                string.Join(", ", row.Calls.OrderByDescending(call => call.Value).Select(call => call.Value == 1 ? call.Key : $"{call.Value:0.##} {call.Key}")));
        }

        page.Add("profile", table, Notices);
    }

    private void Add(string name, Func<string[]> find, string work)
    {
        if (TryPeer(name, find) is not { } command)
        {
            return;
        }

        (double user, double kernel) = MeasureTime(name, command, work);
        _rows.Add(new Row(name, user, kernel, CountCalls(name, command, work)));
    }

    // The kernel counts the time of a process in ticks, so a measurement must take a second or more.
    private static (double User, double Kernel) MeasureTime(string name, string[] command, string work)
    {
        using var worker = new Worker(name, Pinned.Measured, command);
        for (int i = 0; i < 10; i++)
        {
            _ = worker.Loop(work, 1, 20_000);
            Thread.Sleep(100);
        }

        ProcessTime before = ProcessTime.Of(worker.Id);
        _ = worker.Loop(work, 1, Batch);
        ProcessTime after = ProcessTime.Of(worker.Id);
        return ((after.User - before.User) / Batch, (after.Kernel - before.Kernel) / Batch);
    }

    // Compares two amounts of work, so that the system calls during the start are not counted.
    private Dictionary<string, double> CountCalls(string name, string[] command, string work)
    {
        if (Tools.Find("strace") is not { } strace)
        {
            Notices.Add("The system calls are not counted: strace is not on the PATH.");
            return [];
        }

        Dictionary<string, long> few = Trace(Few);
        return Trace(Many)
            .Select(call => (call.Key, Value: (call.Value - few.GetValueOrDefault(call.Key)) / (double)(Many - Few)))
            .Where(call => call.Value >= 0.01)
            .ToDictionary(call => call.Key, call => Math.Round(call.Value, 2));

        Dictionary<string, long> Trace(int times)
        {
            string counts = Path.GetTempFileName();
            try
            {
                using (var worker = new Worker(name, Pinned.Measured, [strace, "-f", "-c", "-U", "calls,name", "-o", counts, .. command]))
                {
                    _ = worker.Loop(work, 1, times);
                }

                return File.ReadLines(counts)
                    .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    .Where(words => words.Length == 2 && long.TryParse(words[0], out _) && words[1] != "total")
                    .ToDictionary(words => words[1], words => long.Parse(words[0]));
            }
            finally
            {
                File.Delete(counts);
            }
        }
    }

    private sealed record Row(string Name, double User, double Kernel, Dictionary<string, double> Calls);
}
