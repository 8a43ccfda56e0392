using System.Collections.Concurrent;

namespace PSFdPass.Echo;

/// <summary>
/// Closes descriptors on its own threads, because close(2) can block: on a connection with SO_LINGER for the linger time, and on a file in
/// a FUSE file system indefinitely. When all threads are blocked, another one is started, up to a maximum.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class Disposer : IDisposable
{
    private const int MostThreads = 8;
    private const int MillisecondsToFinish = 1000;

    // While descriptors keep arriving, a thread looks for them at this interval. Waking the thread for each descriptor would cost more than
    // closing the descriptor.
    private const int MillisecondsBetweenLooks = 5;
    private const int MillisecondsIdle = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly object _gate = new();
    private readonly ConcurrentQueue<(FileDescriptor Descriptor, Action<FileDescriptor>? Before)> _jobs = new();
    private readonly Timer _watch;
    private volatile int _idle;
    private int _threads;
    private int _pending;
    private long _finished;
    private long _finishedBefore;
    private bool _isWatched;
    private volatile bool _isEnding;

    public Disposer() => _watch = new Timer(
        static state => ((Disposer)state!).AddThread(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Gets the number of descriptors that are not closed yet.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>
    /// Starts a thread and loads the code that it uses. Both need descriptors, so call this method before the descriptor table is full.
    /// </summary>
    public void WarmUp()
    {
        try
        {
            Close(FileDescriptor.Open("/dev/null"), static descriptor => _ = descriptor.ToString());
        }
        catch (SystemCallException)
        {
            // The descriptor table is already full.
        }
    }

    /// <summary>Closes a descriptor on another thread. Never blocks.</summary>
    /// <param name="descriptor">The descriptor, which now belongs to this object.</param>
    /// <param name="before">
    /// Called with the descriptor before it is closed, on the other thread, where inspecting a descriptor may block.
    /// </param>
    public void Close(FileDescriptor descriptor, Action<FileDescriptor>? before = null)
    {
        Interlocked.Increment(ref _pending);
        _jobs.Enqueue((descriptor, before));
        if (_idle > 0 || !Volatile.Read(ref _isWatched))
        {
            Wake();
        }
    }

    /// <summary>
    /// Closes the remaining descriptors, but waits at most a second. Descriptors that can't be closed in that time are closed when the
    /// process ends.
    /// </summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isEnding = true;
            long end = Environment.TickCount64 + MillisecondsToFinish;
            while (Pending > 0 && Environment.TickCount64 < end)
            {
                if (_threads == 0)
                {
                    Start();
                }

                Monitor.PulseAll(_gate);
                Monitor.Wait(_gate, MillisecondsBetweenLooks);
            }

            Monitor.PulseAll(_gate);
        }

        _watch.Dispose();
    }

    private void Wake()
    {
        lock (_gate)
        {
            if (_threads == 0)
            {
                Start();
            }

            Monitor.Pulse(_gate);
            if (!_isWatched && !_isEnding)
            {
                Watch(true);
            }
        }
    }

    private void Start()
    {
        _threads++;
        try
        {
            new Thread(Run) { IsBackground = true, Name = "PSFdPass closing" }.Start();
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            // This is tried again with the next descriptor.
            _threads--;
        }
    }

    private void Watch(bool isWatched)
    {
        _isWatched = isWatched;
        _finishedBefore = Interlocked.Read(ref _finished);
        TimeSpan period = isWatched ? Patience : Timeout.InfiniteTimeSpan;
        _watch.Change(period, period);
    }

    // If there are descriptors to close, but none has been closed since the last check, all threads are blocked.
    private void AddThread()
    {
        lock (_gate)
        {
            if (_isEnding)
            {
                return;
            }

            if (_jobs.IsEmpty)
            {
                Watch(false);

                // A descriptor that was added just before this may not have woken a thread, because _isWatched was still set.
                if (_jobs.IsEmpty)
                {
                    return;
                }

                Watch(true);
            }

            long finished = Interlocked.Read(ref _finished);
            if (finished == _finishedBefore && _threads < MostThreads)
            {
                Start();
            }

            _finishedBefore = finished;
        }
    }

    private void Run()
    {
        while (TryDequeue(out (FileDescriptor Descriptor, Action<FileDescriptor>? Before) job))
        {
            try
            {
                job.Before?.Invoke(job.Descriptor);
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                // The descriptor could not be described.
            }

            job.Descriptor.Dispose();
            Interlocked.Decrement(ref _pending);
            Interlocked.Increment(ref _finished);
        }
    }

    // Returns false when this thread must end.
    private bool TryDequeue(out (FileDescriptor Descriptor, Action<FileDescriptor>? Before) job)
    {
        if (_jobs.TryDequeue(out job))
        {
            return true;
        }

        if (!_isEnding)
        {
            Thread.Sleep(MillisecondsBetweenLooks);
        }

        lock (_gate)
        {
            while (true)
            {
                // Count this thread as idle before looking, so that a job that is added afterwards wakes it.
                _idle++;
                if (_jobs.TryDequeue(out job))
                {
                    _idle--;
                    return true;
                }

                bool isLeft = _isEnding || (!Monitor.Wait(_gate, MillisecondsIdle) && _threads > 1 && _jobs.IsEmpty);
                _idle--;
                if (isLeft)
                {
                    _threads--;
                    return false;
                }
            }
        }
    }
}
