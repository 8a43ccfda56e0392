namespace PSFdPass.Benchmarks.Measuring;

/// <summary>The processor time of a process in user mode and in the kernel, in nanoseconds (<c>/proc/…/stat</c>).</summary>
internal readonly record struct ProcessTime(double User, double Kernel)
{
    private const double NanosecondsATick = 1e7;

    /// <summary>Gets the sum of both times.</summary>
    public double Whole => User + Kernel;

    /// <summary>Returns the time that a process has used so far.</summary>
    public static ProcessTime Of(int process)
    {
        // utime and stime are fields 14 and 15. The name, which is field 2, may contain spaces.
        string stat = File.ReadAllText($"/proc/{process}/stat");
        string[] words = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return new ProcessTime(long.Parse(words[11]) * NanosecondsATick, long.Parse(words[12]) * NanosecondsATick);
    }
}
