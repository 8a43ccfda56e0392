using System.Diagnostics;

namespace PSFdPass.Benchmarks.Measuring;

/// <summary>Starts processes on a processor of their own. The runner itself, while it measures, is on another.</summary>
internal static class Pinned
{
    private static readonly int[] All = [.. Enumerable.Range(0, Environment.ProcessorCount)];

    /// <summary>The processor on which work is measured: the last one, because interrupts prefer the first.</summary>
    public static int Measured => All.Length - 1;

    /// <summary>Another processor, where there is one.</summary>
    public static int Other => Math.Max(All.Length - 2, 0);

    /// <summary>Starts a process; all of its threads stay on the processor.</summary>
    public static Process Start(ProcessStartInfo start, int? processor)
    {
        Process? process = null;

        // A child inherits the affinity of the thread that starts it, so that none of its threads is ever elsewhere.
        var thread = new Thread(() =>
        {
            if (processor is { } one)
            {
                Libc.RunOn(one);
            }

            process = Process.Start(start);
        });
        thread.Start();
        thread.Join();
        return process ?? throw new BenchmarkException($"{start.FileName} can't be started.");
    }
}
