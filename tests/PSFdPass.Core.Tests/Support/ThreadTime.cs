using System.Globalization;

namespace PSFdPass.Tests;

/// <summary>Measures processor time, to find loops that spin.</summary>
internal static class ThreadTime
{
    /// <summary>Returns the processor time that an action uses on the calling thread, from /proc/thread-self/stat.</summary>
    public static TimeSpan Of(Action action)
    {
        TimeSpan before = Now();
        action();
        return Now() - before;
    }

    private static TimeSpan Now()
    {
        // utime and stime, in hundredths of a second, are the 12th and 13th fields after the name in parentheses.
        string text = File.ReadAllText("/proc/thread-self/stat");
        string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromMilliseconds(10 *
            (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)));
    }
}
