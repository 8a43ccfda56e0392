using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Waiting;

/// <summary>
/// Waits for the asynchronous operations of this process. One background thread polls for all of them.
/// </summary>
/// <remarks>
/// The runtime's own asynchronous socket operations can't be used here. They set O_NONBLOCK on the open file description, so
/// waiting on a socket would change it for every other process that has it open. They also can't wait for space to send.
/// </remarks>
internal static unsafe class ReadinessPoller
{
    private const int PauseAfterError = 10;

    // The number of descriptors that must be free when the thread is started. The runtime opens fewer than that for a new thread.
    // If the runtime can't open them, it throws OutOfMemoryException or ends the process.
    private const int NumbersForThread = 8;
    private static readonly object Gate = new();
    private static readonly List<Waiter> Arrivals = [];
    private static WakeDescriptor? s_wake;

    /// <summary>Gets the number of the descriptor that wakes the thread; -1 while there is no thread.</summary>
    public static int WakeNumber => s_wake?.Fd ?? -1;

    /// <summary>
    /// Completes with true when the handle is ready, and with false when it was closed, the wait was canceled or the time has
    /// elapsed.
    /// </summary>
    /// <param name="handle">The handle, which is not kept open; null to pause.</param>
    /// <param name="events">The poll(2) events; 0 to pause without polling.</param>
    /// <param name="milliseconds">The time to wait; -1 for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SystemCallException">Thrown when too few descriptors are left to start the thread (EMFILE).</exception>
    public static Task<bool> WaitAsync(SafeHandle? handle, short events, int milliseconds, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(handle, events, milliseconds < 0 ? Deadline.Never : Deadline.After(TimeSpan.FromMilliseconds(milliseconds)));
        lock (Gate)
        {
            EnsureRunning();
            Arrivals.Add(waiter);
            s_wake.Signal();
        }

        waiter.CompleteOn(cancellationToken);
        return waiter.Task;
    }

    [MemberNotNull(nameof(s_wake))]
    private static void EnsureRunning()
    {
        if (s_wake is null)
        {
            var wake = new WakeDescriptor();
            try
            {
                ThrowIfNearlyFull(wake.Fd);
                new Thread(Run) { IsBackground = true, Name = "PSFdPass readiness" }.Start(wake);
            }
            catch
            {
                wake.Dispose();
                throw;
            }

            s_wake = wake;
        }
    }

    private static void ThrowIfNearlyFull(int fd)
    {
        Span<int> numbers = stackalloc int[NumbersForThread];
        int count = 0;
        try
        {
            for (; count < numbers.Length; count++)
            {
                numbers[count] = Fcntl.Control(fd, Constants.Current.F_DUPFD_CLOEXEC);
                if (numbers[count] < 0)
                {
                    throw SystemCallException.FromLast("fcntl");
                }
            }
        }
        finally
        {
            Closing.CloseAll(numbers[..count]);
        }
    }

    private static void Run(object? state)
    {
        var wake = (WakeDescriptor)state!;
        var waiters = new List<Waiter>();
        var polled = new Poll.PollFd[16];

        // The wake descriptor is never closed, because the thread runs as long as the process.
        polled[0] = new Poll.PollFd { fd = wake.Fd, events = Poll.POLLIN };
        while (true)
        {
            wake.Reset();
            lock (Gate)
            {
                waiters.AddRange(Arrivals);
                Arrivals.Clear();
            }

            waiters.RemoveAll(static waiter => waiter.HasEnded());
            if (polled.Length <= waiters.Count)
            {
                Array.Resize(ref polled, (waiters.Count + 1) * 2);
            }

            Deadline next = Deadline.Never;
            for (int i = 0; i < waiters.Count; i++)
            {
                polled[i + 1] = new Poll.PollFd { fd = waiters[i].Fd, events = waiters[i].Events };
                next = Deadline.Min(next, waiters[i].Deadline);
            }

            int slice = waiters.Count == 0 ? -1 : next.AtMost(WaitLoop.SliceMilliseconds);
            fixed (Poll.PollFd* first = polled)
            {
                if (Poll.Wait(first, (nuint)waiters.Count + 1, slice) < 0 && Errno.Last != Errno.EINTR)
                {
                    // ENOMEM, or EINVAL because there are more descriptors than RLIMIT_NOFILE allows. Both can be temporary.
                    Thread.Sleep(PauseAfterError);
                    continue;
                }
            }

            for (int i = 0; i < waiters.Count; i++)
            {
                if (polled[i + 1].revents != 0)
                {
                    waiters[i].Complete(isReady: true);
                }
            }
        }
    }

    private static void Wake() => s_wake?.Signal();

    /// <summary>Represents one wait. It does not hold a reference to the handle.</summary>
    private sealed class Waiter(SafeHandle? handle, short events, Deadline deadline)
    {
        private readonly TaskCompletionSource<bool> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private CancellationTokenRegistration _registration;

        public int Fd => Events == 0 || handle is null || handle.IsClosed ? -1 : (int)handle.DangerousGetHandle();

        public short Events => events;

        public Deadline Deadline => deadline;

        public Task<bool> Task => _completion.Task;

        public void CompleteOn(CancellationToken cancellationToken)
        {
            if (handle is SafeDescriptorHandle descriptor)
            {
                descriptor.Released += OnReleased;
                if (!descriptor.IsUsable)
                {
                    OnReleased();
                }
            }

            if (cancellationToken.CanBeCanceled)
            {
                _registration = cancellationToken.UnsafeRegister(static state => ((Waiter)state!).OnReleased(), this);
                if (_completion.Task.IsCompleted)
                {
                    _registration.Unregister();
                }
            }
        }

        public bool HasEnded()
        {
            if (!_completion.Task.IsCompleted && (Deadline.HasPassed || WaitLoop.IsClosed(handle)))
            {
                Complete(isReady: false);
            }

            return _completion.Task.IsCompleted;
        }

        public void Complete(bool isReady)
        {
            if (_completion.TrySetResult(isReady))
            {
                _registration.Unregister();
                if (handle is SafeDescriptorHandle descriptor)
                {
                    descriptor.Released -= OnReleased;
                }
            }
        }

        // The thread stops polling the number at once.
        private void OnReleased()
        {
            Complete(isReady: false);
            Wake();
        }
    }
}
