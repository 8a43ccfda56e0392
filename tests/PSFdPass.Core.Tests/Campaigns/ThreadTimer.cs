using System.Runtime.InteropServices;

namespace PSFdPass.Tests;

/// <summary>In a child process: interrupts the system calls of the thread that creates it, a thousand times a second (timer_create(2)).</summary>
internal sealed unsafe partial class ThreadTimer : IDisposable
{
    private const int SIGALRM = 14;
    private const int SIGEV_THREAD_ID = 4;
    private const int CLOCK_MONOTONIC = 1;
    private const long Nanoseconds = 1_000_000;
    private readonly nint _timer;

    public ThreadTimer()
    {
        // struct sigevent: the value, the signal, how to notify, the thread.
        int* notify = stackalloc int[16];
        new Span<int>(notify, 16).Clear();
        notify[2] = SIGALRM;
        notify[3] = SIGEV_THREAD_ID;
        notify[4] = Libc.GetTid();
        nint timer;
        Assert.Equal(0, Create(CLOCK_MONOTONIC, notify, &timer));
        _timer = timer;
        long* interval = stackalloc long[4] { 0, Nanoseconds, 0, Nanoseconds };
        Assert.Equal(0, SetTime(_timer, 0, interval, null));
    }

    /// <summary>Sets the handler of the signal, without SA_RESTART: each call that waits ends with EINTR.</summary>
    public static void Handle(nint handler)
    {
        byte* action = stackalloc byte[152];
        new Span<byte>(action, 152).Clear();
        *(nint*)action = handler;
        Assert.Equal(0, SigAction(SIGALRM, action, null));
    }

    public void Dispose() => Assert.Equal(0, Delete(_timer));

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static partial int SigAction(int signal, byte* action, byte* old);

    [LibraryImport("libc", EntryPoint = "timer_create")]
    private static partial int Create(int clock, int* notify, nint* timer);

    [LibraryImport("libc", EntryPoint = "timer_settime")]
    private static partial int SetTime(nint timer, int flags, long* value, long* old);

    [LibraryImport("libc", EntryPoint = "timer_delete")]
    private static partial int Delete(nint timer);
}
