using System.Runtime.InteropServices;

namespace PSFdPass.Benchmarks.Measuring;

/// <summary>The few calls that the runner makes for itself, on Linux.</summary>
internal static unsafe partial class Libc
{
    private const int RLIMIT_NOFILE = 7;

    /// <summary>Lets the calling thread, and what it starts from now on, run on these processors only.</summary>
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

    /// <summary>Raises this process's limit of open descriptors, the hard one too where that is allowed, and says how far it came.</summary>
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

    /// <summary>Sends a signal to a process that the runner has started.</summary>
    [LibraryImport("libc", EntryPoint = "kill")]
    public static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static partial int SetAffinity(int thread, nuint size, byte* set);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, ulong* limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, ulong* limit);
}
