namespace PSFdPass.Echo;

/// <summary>
/// The log of a player. It is written on a thread of its own, so that a writer that blocks or fails does not affect the player. Lines that
/// are not written in time are dropped and counted. A line that is repeated several times is written once, with the number of repetitions.
/// Exceptions of the writer (ENOSPC, EPIPE) are ignored.
/// </summary>
/// <remarks>Thread-safe.</remarks>
public sealed class PlayerLog : IDisposable
{
    private const int Capacity = 8192;
    private const int MillisecondsToFlush = 1000;

    // While lines keep arriving, the writer looks for them at this interval. Waking the writer for each line would cost more than writing
    // the line.
    private const int MillisecondsBetweenLooks = 10;
    private readonly object _gate = new();
    private readonly Action<string> _write;
    private Queue<string> _lines = new();
    private Queue<string> _writing = new();
    private Thread? _writer;
    private string? _last;
    private long _repetitions;
    private long _dropped;
    private bool _isIdle;
    private bool _isEnding;

    /// <summary>Creates a log.</summary>
    /// <param name="write">Writes a line. Called by one thread at a time.</param>
    public PlayerLog(Action<string> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        _write = write;
    }

    /// <summary>Adds a line. Never blocks, and never throws.</summary>
    public void Add(string line)
    {
        lock (_gate)
        {
            if (_isEnding)
            {
                return;
            }

            if (line == _last)
            {
                _repetitions++;
                return;
            }

            EnqueueRepetitions();
            _last = line;
            Enqueue(line);
        }
    }

    /// <summary>Writes the remaining lines, but waits at most a second.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isEnding)
            {
                return;
            }

            EnqueueRepetitions();
            _isEnding = true;
            Monitor.Pulse(_gate);
        }

        _writer?.Join(MillisecondsToFlush);
    }

    private void EnqueueRepetitions()
    {
        if (_repetitions > 0)
        {
            Enqueue(_repetitions == 1 ? _last! : SR.Format(SR.LogLineRepeated, _repetitions));
            _repetitions = 0;
        }
    }

    private void Enqueue(string line)
    {
        if (_lines.Count >= Capacity)
        {
            _dropped++;
            return;
        }

        _lines.Enqueue(line);
        if (_writer is null)
        {
            TryStart();
        }
        else if (_isIdle)
        {
            Monitor.Pulse(_gate);
        }
    }

    private void TryStart()
    {
        var writer = new Thread(Write) { IsBackground = true, Name = "PSFdPass log" };
        try
        {
            writer.Start();
            _writer = writer;
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            // This is tried again with the next line.
        }
    }

    private void Write()
    {
        while (true)
        {
            long dropped;
            lock (_gate)
            {
                if (!_isEnding)
                {
                    Monitor.Wait(_gate, MillisecondsBetweenLooks);
                }

                while (_lines.Count == 0)
                {
                    if (_isEnding)
                    {
                        return;
                    }

                    _isIdle = true;
                    if (!Monitor.Wait(_gate, MillisecondsToFlush))
                    {
                        EnqueueRepetitions();
                    }

                    _isIdle = false;
                }

                (_lines, _writing) = (_writing, _lines);
                dropped = _dropped;
                _dropped = 0;
            }

            while (_writing.TryDequeue(out string? line))
            {
                Write(line);
            }

            if (dropped > 0)
            {
                Write(SR.Format(SR.LogLinesDropped, dropped));
            }
        }
    }

    private void Write(string line)
    {
        try
        {
            _write(line);
        }
        catch (Exception)
        {
            // For example, the disk is full or the pipe is closed. The line is lost, and the player continues.
        }
    }
}
