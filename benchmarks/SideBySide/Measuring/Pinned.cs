using System.Diagnostics;

namespace PSFdPass.Benchmarks.Measuring;

/// <summary>Starts processes that stay on one processor. During a measurement, the runner itself runs on another processor.</summary>
internal static class Pinned
{
    private static readonly int[] All = [.. Enumerable.Range(0, Environment.ProcessorCount)];

    /// <summary>Gets the processor on which work is measured. It is the last one, because most interrupts occur on the first.</summary>
    public static int Measured => All.Length - 1;

    /// <summary>Gets another processor, if there is one.</summary>
    public static int Other => Math.Max(All.Length - 2, 0);

    /// <summary>Starts a process. All of its threads stay on the specified processor.</summary>
    public static Process Start(ProcessStartInfo start, int? processor)
    {
        Process? process = null;

        // A child inherits the affinity of the thread that starts it, so none of its threads ever runs on another processor.
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
