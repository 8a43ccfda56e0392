using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>System calls that only the tests need, to create descriptors of every kind and to change limits and the user.</summary>
internal static unsafe partial class Libc
{
    public const int RLIMIT_NOFILE = 7;
    public const int O_RDONLY = 0;
    public const int SIGCONT = 18;

    [LibraryImport("libc", EntryPoint = "umask")]
    public static partial uint UMask(uint mask);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(int descriptor, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    public static partial int Dup(int descriptor);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    public static partial int Dup2(int descriptor, int target);

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    public static partial int Pipe2(int* pair, int flags);

    [LibraryImport("libc", EntryPoint = "mkfifo", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MkFifo(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MemFdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    public static partial int TimerFdCreate(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "signalfd", SetLastError = true)]
    public static partial int SignalFd(int descriptor, ulong* mask, int flags);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate1(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    public static partial int InotifyInit1(int flags);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "gettid")]
    public static partial int GetTid();

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    public static partial int SetRLimit(int resource, ulong* softAndHard);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    public static partial int GetRLimit(int resource, ulong* softAndHard);

    [LibraryImport("libc", EntryPoint = "setresuid", SetLastError = true)]
    public static partial int SetResUid(uint real, uint effective, uint saved);

    [LibraryImport("libc", EntryPoint = "setresgid", SetLastError = true)]
    public static partial int SetResGid(uint real, uint effective, uint saved);

    [LibraryImport("libc", EntryPoint = "setgroups", SetLastError = true)]
    public static partial int SetGroups(nuint count, uint* groups);

    /// <summary>pidfd_open(2), which has the same number on every architecture.</summary>
    public static int PidFdOpen(int process) => (int)Unistd.SysCall(434, process, 0, 0, 0, 0);

    /// <summary>Sets the soft limit of open files, and returns the previous one.</summary>
    public static ulong LimitOpenFiles(ulong limit)
    {
        ulong* limits = stackalloc ulong[2];
        Assert.Equal(0, GetRLimit(RLIMIT_NOFILE, limits));
        ulong before = limits[0];
        limits[0] = limit;
        Assert.Equal(0, SetRLimit(RLIMIT_NOFILE, limits));
        return before;
    }

    /// <summary>Drops root's privileges, in a child process. Returns false if the process does not have them.</summary>
    public static bool BecomeNobody()
    {
        const uint Nobody = 65534;
        if (Unistd.GetEUid() != 0)
        {
            return false;
        }

        Assert.Equal(0, SetGroups(0, null));
        Assert.Equal(0, SetResGid(Nobody, Nobody, Nobody));
        Assert.Equal(0, SetResUid(Nobody, Nobody, Nobody));
        return true;
    }

    /// <summary>Returns the result of a call, or throws its error.</summary>
    public static int Checked(int result) => result >= 0 ? result : throw SystemCallException.FromLast("libc");
}
