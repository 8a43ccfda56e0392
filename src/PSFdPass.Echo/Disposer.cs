namespace PSFdPass.Echo;

/// <summary>
/// Closes descriptors that others chose, on threads of its own, because close(2) can block: on a connection with SO_LINGER, or on a file
/// of a FUSE file system for as long as that likes. A thread that is blocked gets a second one beside it, up to a limit.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class Disposer : IDisposable
{
    private const int MostThreads = 8;
    private const int MillisecondsToFinish = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly object _gate = new();
    private readonly Queue<(FileDescriptor Descriptor, Action<FileDescriptor>? Before)> _jobs = new();
    private readonly Timer _watch;
    private int _threads;
    private int _idle;
    private int _pending;
    private long _finished;
    private long _finishedBefore;
    private bool _isWatched;
    private bool _isEnding;

    public Disposer() => _watch = new Timer(
        static state => ((Disposer)state!).AddThread(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Starts a thread and loads what it uses, which takes descriptors, while there are some left.</summary>
    public void WarmUp()
    {
        try
        {
            Close(FileDescriptor.Open("/dev/null"), static descriptor => _ = descriptor.ToString());
        }
        catch (SystemCallException)
        {
            // There are none.
        }
    }

    /// <summary>Gets the number of descriptors that are not closed yet.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>Closes a descriptor soon. Never blocks.</summary>
    /// <param name="descriptor">The descriptor, which now belongs to this object.</param>
    /// <param name="before">Called with it on the other thread, where inspecting it may block.</param>
    public void Close(FileDescriptor descriptor, Action<FileDescriptor>? before = null)
    {
        lock (_gate)
        {
            _jobs.Enqueue((descriptor, before));
            _pending++;
            if (_idle > 0)
            {
                Monitor.Pulse(_gate);
            }
            else if (_threads == 0)
            {
                Start();
            }

            if (_jobs.Count > _idle && !_isWatched && !_isEnding)
            {
                Watch(true);
            }
        }
    }

    /// <summary>Closes what there is, but waits at most for a second. What blocks longer is closed when the process ends.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isEnding = true;
            long end = Environment.TickCount64 + MillisecondsToFinish;
            while (_pending > 0 && Environment.TickCount64 < end)
            {
                if (_threads == 0)
                {
                    Start();
                }

                Monitor.PulseAll(_gate);
                Monitor.Wait(_gate, TimeSpan.FromMilliseconds(10));
            }

            Monitor.PulseAll(_gate);
        }

        _watch.Dispose();
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
            // The next descriptor tries again.
            _threads--;
        }
    }

    private void Watch(bool isWatched)
    {
        _isWatched = isWatched;
        _finishedBefore = _finished;
        TimeSpan period = isWatched ? Patience : Timeout.InfiniteTimeSpan;
        _watch.Change(period, period);
    }

    private void AddThread()
    {
        lock (_gate)
        {
            if (_isEnding)
            {
                return;
            }

            if (_jobs.Count == 0)
            {
                Watch(false);
                return;
            }

            if (_finished == _finishedBefore && _threads < MostThreads)
            {
                Start();
            }

            _finishedBefore = _finished;
        }
    }

    private void Run()
    {
        while (true)
        {
            FileDescriptor descriptor;
            Action<FileDescriptor>? before;
            lock (_gate)
            {
                while (_jobs.Count == 0)
                {
                    if (_isEnding)
                    {
                        _threads--;
                        return;
                    }

                    _idle++;
                    Monitor.Wait(_gate);
                    _idle--;
                }

                (descriptor, before) = _jobs.Dequeue();
            }

            try
            {
                before?.Invoke(descriptor);
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                // It could not be described.
            }

            descriptor.Dispose();
            lock (_gate)
            {
                _pending--;
                _finished++;
            }
        }
    }
}
