using System.Diagnostics;

namespace PSFdPass.Benchmarks.Measuring;

/// <summary>
/// A program that is started once, pinned to one processor, and then does one piece of work after another. It reads each request as a line
/// from its standard input, and writes a line with the answer to its standard output. Between requests, it sleeps in read(2).
/// </summary>
internal sealed class Worker : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    /// <summary>Starts the worker.</summary>
    /// <param name="name">The name of the worker in messages.</param>
    /// <param name="processor">The processor that it runs on; null for any.</param>
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

    /// <summary>Gets the name of the worker in messages.</summary>
    public string Name { get; }

    /// <summary>Gets the process ID.</summary>
    public int Id => _process.Id;

    /// <summary>Sends a request, and waits for the answer.</summary>
    public string Ask(string question)
    {
        Tell(question);
        return Answer();
    }

    /// <summary>Sends a request, without waiting for the answer.</summary>
    public void Tell(string question)
    {
        _process.StandardInput.WriteLine(question);
        _process.StandardInput.Flush();
    }

    /// <summary>Waits for the answer to the last request.</summary>
    /// <exception cref="BenchmarkException">Thrown when the worker has ended, or does not answer in time.</exception>
    public string Answer()
    {
        Task<string?> line = _process.StandardOutput.ReadLineAsync();
        return !line.Wait(Patience) ? throw new BenchmarkException($"{Name} does not answer.")
            : line.Result ?? throw new BenchmarkException($"{Name} has ended.");
    }

    /// <summary>Waits until a condition is true.</summary>
    /// <exception cref="BenchmarkException">Thrown when the worker has ended, or the condition is not true in time.</exception>
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

    /// <summary>Lets the worker pass descriptors, and returns its answer: the time in nanoseconds, or a number of bytes.</summary>
    public long Loop(string work, int count, int times) => long.Parse(Ask($"{work} {count} {times}"));

    /// <summary>Ends the worker by closing its standard input.</summary>
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
