using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using PSFdPass.Interop;

namespace PSFdPass.Waiting;

/// <summary>
/// Waits until descriptors are ready without a thread for each: one background thread polls for all asynchronous sends and
/// receives of the process.
/// </summary>
/// <remarks>
/// The runtime's own asynchronous socket operations can't serve here. They set O_NONBLOCK on the open file description, so
/// that waiting on a socket would change it for every other process that holds it; and they know no wait for room to send.
/// </remarks>
internal static unsafe class ReadinessPoller
{
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(10);
    private static readonly object Gate = new();
    private static readonly List<Waiter> Arrivals = [];
    private static WakeDescriptor? s_wake;

    /// <summary>Completes with true when the handle is ready (or broken: the next call will tell), with false when the time is over.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    public static Task<bool> UntilAsync(SafeHandle handle, short events, Deadline deadline, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (deadline.HasPassed)
        {
            return Task.FromResult(false);
        }

        Waiter waiter;
        lock (Gate)
        {
            EnsureRunning();
            waiter = new Waiter(handle, events, deadline);
            Arrivals.Add(waiter);
            s_wake.Signal();
        }

        waiter.CancelWith(cancellation);
        return waiter.Task;
    }

    [MemberNotNull(nameof(s_wake))]
    private static void EnsureRunning()
    {
        if (s_wake is null)
        {
            s_wake = new WakeDescriptor();
            new Thread(Run) { IsBackground = true, Name = "PSFdPass readiness" }.Start(s_wake);
        }
    }

    private static void Run(object? state)
    {
        var wake = (WakeDescriptor)state!;
        var waiters = new List<Waiter>();
        var descriptors = new Poll.PollFd[16];
        while (true)
        {
            lock (Gate)
            {
                waiters.AddRange(Arrivals);
                Arrivals.Clear();
                wake.Drain();
            }

            waiters.RemoveAll(static waiter => waiter.HasEnded || waiter.EndIfCancelled());
            if (descriptors.Length <= waiters.Count)
            {
                Array.Resize(ref descriptors, waiters.Count * 2);
            }

            Deadline next = Deadline.Never;
            for (int i = 0; i < waiters.Count; i++)
            {
                descriptors[i] = new Poll.PollFd { fd = waiters[i].Fd, events = waiters[i].Events };
                next = Deadline.Min(next, waiters[i].Deadline);
            }

            // The wake descriptor is never closed: the thread lives as long as the process.
            descriptors[waiters.Count] = new Poll.PollFd { fd = wake.Fd, events = Poll.POLLIN };
            fixed (Poll.PollFd* first = descriptors)
            {
                // Without an answer, revents are as they were laid out: zero.
                if (Poll.Wait(first, (nuint)waiters.Count + 1, next.PollMilliseconds) < 0 && Errno.Last != Errno.EINTR)
                {
                    // No memory, or more waits than RLIMIT_NOFILE allows: it may pass.
                    Thread.Sleep(PauseAfterError);
                }
            }

            for (int i = 0; i < waiters.Count; i++)
            {
                if (descriptors[i].revents != 0)
                {
                    waiters[i].End(ready: true);
                }
                else if (waiters[i].Deadline.HasPassed)
                {
                    waiters[i].End(ready: false);
                }
            }
        }
    }

    /// <summary>
    /// One wait. Only the polling thread ends it, a cancelled one too, and gives the handle back before anybody hears of it: a
    /// <see cref="System.Net.Sockets.Socket"/> that is disposed while its handle is held shuts the connection down, or the
    /// listener, for every process that shares it.
    /// </summary>
    private sealed class Waiter
    {
        private readonly SafeHandle _handle;
        private readonly TaskCompletionSource<bool> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private CancellationToken _cancellation;
        private CancellationTokenRegistration _registration;
        private volatile bool _isCancelled;

        public Waiter(SafeHandle handle, short events, Deadline deadline)
        {
            bool held = false;
            handle.DangerousAddRef(ref held);
            _handle = handle;
            Events = events;
            Deadline = deadline;
        }

        public int Fd => (int)_handle.DangerousGetHandle();

        public short Events { get; }

        public Deadline Deadline { get; }

        public bool HasEnded { get; private set; }

        public Task<bool> Task => _completion.Task;

        public void CancelWith(CancellationToken cancellation)
        {
            if (!cancellation.CanBeCanceled)
            {
                return;
            }

            _cancellation = cancellation;
            _registration = cancellation.UnsafeRegister(
                static state =>
                {
                    ((Waiter)state!)._isCancelled = true;
                    s_wake!.Signal();
                },
                this);
            _ = Task.ContinueWith(
                static (_, state) => ((Waiter)state!)._registration.Unregister(),
                this,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }

        public void End(bool ready)
        {
            GiveBack();
            _completion.TrySetResult(ready);
        }

        public bool EndIfCancelled()
        {
            if (!_isCancelled)
            {
                return false;
            }

            GiveBack();
            _completion.TrySetCanceled(_cancellation);
            return true;
        }

        private void GiveBack()
        {
            HasEnded = true;
            _handle.DangerousRelease();
        }
    }
}
