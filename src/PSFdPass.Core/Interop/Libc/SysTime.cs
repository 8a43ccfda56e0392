using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary><c>&lt;time.h&gt;</c>: reads the monotonic clock.</summary>
internal static unsafe partial class SysTime
{
    /// <summary>Returns the time of CLOCK_MONOTONIC in microseconds (clock_gettime(2)).</summary>
    public static long MonotonicMicroseconds()
    {
        int monotonic = OperatingSystem.IsMacOS() ? 6 : 1;
        TimeSpec now;
        return GetTime(monotonic, &now) == 0
            ? (now.tv_sec * 1_000_000) + (now.tv_nsec / 1000)
            : throw SystemCallException.FromLast("clock_gettime");
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int GetTime(int clock, TimeSpec* time);

    // Two 64-bit words on every supported system.
    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long tv_sec;
        public long tv_nsec;
    }
}
