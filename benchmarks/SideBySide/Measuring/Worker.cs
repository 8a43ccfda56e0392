using System.Diagnostics;

namespace PSFdPass.Benchmarks.Measuring;

/// <summary>
/// A program that is started once, pinned to one processor, and then asked for one piece of work after the other: a line to
/// its standard input, a line with the answer from its standard output. Between two questions it sleeps in read(2).
/// </summary>
internal sealed class Worker : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    /// <summary>Starts it.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="processor">Where it runs; null for everywhere.</param>
    /// <param name="command">The program and its arguments.</param>
    public Worker(string name, int? processor, params string[] command)
    {
        Name = name;
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach ((string key, string value) in Tools.PlainEnvironment)
        {
            start.Environment[key] = value;
        }

        _process = Pinned.Start(start, processor);
    }

    /// <summary>What messages call it.</summary>
    public string Name { get; }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Asks it something, and waits for the answer.</summary>
    public string Ask(string question)
    {
        Tell(question);
        return Answer();
    }

    /// <summary>Asks it something whose answer is taken up later.</summary>
    public void Tell(string question)
    {
        _process.StandardInput.WriteLine(question);
        _process.StandardInput.Flush();
    }

    /// <summary>Waits for the answer.</summary>
    /// <exception cref="BenchmarkException">It has ended, or says nothing.</exception>
    public string Answer()
    {
        Task<string?> line = _process.StandardOutput.ReadLineAsync();
        return !line.Wait(Patience) ? throw new BenchmarkException($"{Name} does not answer.")
            : line.Result ?? throw new BenchmarkException($"{Name} has ended.");
    }

    /// <summary>Waits until it has done something that can be seen.</summary>
    /// <exception cref="BenchmarkException">It has ended, or does not come to it.</exception>
    public void WaitFor(Func<bool> condition)
    {
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!condition())
        {
            if (_process.HasExited || Environment.TickCount64 > end)
            {
                throw new BenchmarkException($"{Name} does not begin.");
            }

            Thread.Sleep(10);
        }
    }

    /// <summary>Asks it to pass descriptors and to say how long that took: nanoseconds.</summary>
    public long Loop(string work, int count, int times) => long.Parse(Ask($"{work} {count} {times}"));

    /// <summary>Ends it: its input ends, and so does every worker.</summary>
    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000))
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
