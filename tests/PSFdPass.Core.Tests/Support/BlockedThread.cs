using System.Globalization;

namespace PSFdPass.Tests;

/// <summary>Runs an action until it waits in the kernel, so that no test has to guess how long that takes.</summary>
internal sealed class BlockedThread
{
    // poll, ppoll, recvfrom, recvmsg, accept, accept4, epoll_wait, epoll_pwait, by their numbers on x86-64 and arm64.
    private static readonly int[] Waits = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture ==
        System.Runtime.InteropServices.Architecture.Arm64 ? [73, 207, 212, 202, 242, 22] : [7, 271, 45, 47, 43, 288, 232, 281];

    private readonly Thread _thread;
    private volatile int _id;
    private Exception? _exception;

    private BlockedThread(Action action)
    {
        _thread = new Thread(() =>
        {
            _id = Libc.GetTid();
            try
            {
                action();
            }
            catch (Exception exception)
            {
                _exception = exception;
            }
        })
        { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Starts a thread, and returns when it waits in the kernel or has ended.</summary>
    public static BlockedThread Start(Action action)
    {
        var blocked = new BlockedThread(action);
        Patience.Until(() => blocked.IsWaiting || !blocked._thread.IsAlive, "the thread waits in the kernel");
        return blocked;
    }

    /// <summary>Waits until the thread has ended, and returns the exception that it threw, or null.</summary>
    public Exception? Join()
    {
        Assert.True(_thread.Join(Patience.Long), "The thread does not end.");
        return _exception;
    }

    private bool IsWaiting
    {
        get
        {
            try
            {
                return _id != 0 &&
                    int.TryParse(File.ReadAllText($"/proc/self/task/{_id}/syscall").Split(' ')[0], CultureInfo.InvariantCulture, out int call) &&
                    Waits.Contains(call);
            }
            catch (IOException)
            {
                // The thread has ended.
                return false;
            }
        }
    }
}
