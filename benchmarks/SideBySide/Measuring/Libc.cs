using System.Runtime.InteropServices;

namespace PSFdPass.Benchmarks.Measuring;

/// <summary>The system calls that the runner itself makes, on Linux.</summary>
internal static unsafe partial class Libc
{
    private const int RLIMIT_NOFILE = 7;

    /// <summary>Restricts the calling thread, and the threads and processes that it starts from now on, to these processors.</summary>
    public static void RunOn(params ReadOnlySpan<int> processors)
    {
        Span<byte> set = stackalloc byte[128];
        set.Clear();
        foreach (int processor in processors)
        {
            set[processor / 8] |= (byte)(1 << (processor % 8));
        }

        fixed (byte* bytes = set)
        {
            _ = SetAffinity(0, (nuint)set.Length, bytes);
        }
    }

    /// <summary>
    /// Raises the soft limit on open descriptors, and also the hard limit if necessary and permitted. Returns the new limit.
    /// </summary>
    public static long RaiseDescriptorLimit(long wanted)
    {
        ulong* limit = stackalloc ulong[2];
        if (GetLimit(RLIMIT_NOFILE, limit) == 0 && limit[0] < (ulong)wanted)
        {
            ulong hard = limit[1];
            limit[0] = (ulong)wanted;
            limit[1] = Math.Max(hard, (ulong)wanted);
            if (SetLimit(RLIMIT_NOFILE, limit) != 0)
            {
                limit[0] = limit[1] = hard;
                _ = SetLimit(RLIMIT_NOFILE, limit);
            }

            _ = GetLimit(RLIMIT_NOFILE, limit);
        }

        return (long)limit[0];
    }

    /// <summary>Sends a signal to a process that the runner started.</summary>
    [LibraryImport("libc", EntryPoint = "kill")]
    public static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static partial int SetAffinity(int thread, nuint size, byte* set);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, ulong* limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, ulong* limit);
}
