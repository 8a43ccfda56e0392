namespace PSFdPass.Benchmarks.Measuring;

/// <summary>The processor time of a process, in itself and in the kernel for it, as <c>/proc/…/stat</c> tells it: nanoseconds.</summary>
internal readonly record struct ProcessTime(double User, double Kernel)
{
    private const double NanosecondsATick = 1e7;

    /// <summary>Both together.</summary>
    public double Whole => User + Kernel;

    /// <summary>What it has taken so far.</summary>
    public static ProcessTime Of(int process)
    {
        // utime and stime are the 14th and the 15th; the name, the second, may have spaces.
        string stat = File.ReadAllText($"/proc/{process}/stat");
        string[] words = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return new ProcessTime(long.Parse(words[11]) * NanosecondsATick, long.Parse(words[12]) * NanosecondsATick);
    }
}
