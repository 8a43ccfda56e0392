using System.Globalization;
using System.Runtime.InteropServices;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Inspection;

/// <summary>Finds the threads of the runtime in this process by their names, and the pipes on which they wait. Supported only on Linux.</summary>
internal static class RuntimeThreads
{
    // The inode of a pipe is not reused for a very long time, so a pipe that was recognized once stays recognized while its thread is busy
    // with something else.
    private static readonly HashSet<ulong> Known = [];

    // The numbers of the system calls read(2), poll(2) and ppoll(2). arm64 has no poll.
    private static readonly (int Read, int Poll, int PPoll) Calls =
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? (63, -1, 73) : (0, 7, 271);

    /// <summary>Returns the inodes of the pipes on which threads of the runtime wait for signals and for the end of processes.</summary>
    public static HashSet<ulong> FindPipes()
    {
        lock (Known)
        {
            foreach (int thread in OperatingSystem.IsLinux() ? ProcDirectory.ThreadsOfThisProcess() : [])
            {
                if (ProcFs.TryRead($"/proc/self/task/{thread}/comm")?.StartsWith(".NET ", StringComparison.Ordinal) == true &&
                    DescriptorOf(ProcFs.TryRead($"/proc/self/task/{thread}/syscall")) is { } fd &&
                    SysStat.TryGetStatus(fd, out SysStat.FileStatus status) && status.Type == SysStat.S_IFIFO)
                {
                    Known.Add(status.Inode);
                }
            }

            return [.. Known];
        }
    }

    // The text of proc_pid_syscall(5) is the number of the system call that the thread is in, followed by the arguments of the
    // call, or "running" when the thread is not in a system call.
    private static int? DescriptorOf(string? call)
    {
        if (call?.Split(' ') is not [var number, var first, var second, ..] ||
            !int.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int which) ||
            !TryParseHex(first, out ulong argument))
        {
            return null;
        }

        if (which == Calls.Read)
        {
            return argument <= int.MaxValue ? (int)argument : null;
        }

        // The first argument points to an array of struct pollfd, which begins with a descriptor.
        return (which == Calls.Poll || which == Calls.PPoll) && TryParseHex(second, out ulong count) && count > 0 ? ReadInt(argument) : null;
    }

    // The thread may have returned from the call, and its stack may have changed since, so the pointer must not be dereferenced.
    private static int? ReadInt(ulong address)
    {
        try
        {
            using FileStream memory = new("/proc/self/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            Span<byte> value = stackalloc byte[sizeof(int)];
            return RandomAccess.Read(memory.SafeFileHandle, value, (long)address) == sizeof(int) ? BitConverter.ToInt32(value) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private static bool TryParseHex(string text, out ulong value)
    {
        value = 0;
        return text.StartsWith("0x", StringComparison.Ordinal) &&
            ulong.TryParse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out value);
    }
}
