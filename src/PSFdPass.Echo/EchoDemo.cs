namespace PSFdPass.Echo;

/// <summary>
/// Runs the echo demo in the background: a quarterback in this process with a wide receiver in a child process, or only one of the two,
/// in this process.
/// </summary>
public sealed class EchoDemo : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly EchoDemoOptions _options;
    private readonly PlayerLog _log;
    private readonly bool _ownsLog;
    private readonly Quarterback? _quarterback;
    private readonly WideReceiver? _wideReceiver;
    private readonly WideReceiverProcess? _child;
    private int _stopping;

    private EchoDemo(EchoDemoOptions options, PlayerLog log, bool ownsLog)
    {
        _options = options;
        _log = log;
        _ownsLog = ownsLog;
        if (options.Role == EchoRole.WideReceiver)
        {
            _wideReceiver = CreateWideReceiver(options.ReplaceStale);
        }
        else
        {
            if (options.Role == EchoRole.All)
            {
                // Another wide receiver may already listen on the socket. The wide receiver's process could report that only as text, so
                // this process creates the socket first, to get an exception.
                CreateWideReceiver(options.ReplaceStale).Dispose();
            }

            _quarterback = new Quarterback(
                options.Listen, options.SocketPath, log, options.SocketName, options.AllowAnyUser, options.Listener);
        }

        if (options.Role == EchoRole.All)
        {
            try
            {
                ArgumentNullException.ThrowIfNull(options.WideReceiverProcess, nameof(options));
                _child = new WideReceiverProcess(options.WideReceiverProcess, log.Add);
            }
            catch
            {
                _quarterback!.Dispose();
                throw;
            }
        }

        Completion = Task.Run(PlayAsync);
    }

    /// <summary>Gets the port to which users connect; 0 when the demo plays only the wide receiver.</summary>
    public int Port => _quarterback?.LocalEndPoint.Port ?? 0;

    /// <summary>Gets the process ID of the quarterback; null when the demo does not play it.</summary>
    public int? QuarterbackId => _quarterback is null ? null : Environment.ProcessId;

    /// <summary>Gets the process ID of the wide receiver; null when the demo does not play it.</summary>
    public int? WideReceiverId => _child?.Id ?? (_wideReceiver is null ? null : Environment.ProcessId);

    /// <summary>Gets the path of the Unix-domain socket between the players.</summary>
    public string SocketPath => _options.SocketPath;

    /// <summary>Gets a task that completes when users can connect (or, for the wide receiver, quarterbacks), and fails if they never can.</summary>
    public Task Listening => _listening.Task;

    /// <summary>Gets a task that completes when the demo has stopped and closed everything, and fails if the demo could not continue.</summary>
    public Task Completion { get; }

    /// <summary>Starts the demo.</summary>
    /// <param name="options">The options of the demo.</param>
    /// <param name="log">Called on another thread for each line of the log. It may block or throw an exception.</param>
    /// <exception cref="SystemCallException">
    /// Thrown when the port or the socket is in use (EADDRINUSE), or can't be used: ENAMETOOLONG and so on.
    /// </exception>
    public static EchoDemo Start(EchoDemoOptions options, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new EchoDemo(options, new PlayerLog(log), ownsLog: true);
    }

    /// <summary>Starts the demo.</summary>
    /// <param name="options">The options of the demo.</param>
    /// <param name="log">The log. The caller must dispose it after the demo has stopped.</param>
    /// <inheritdoc cref="Start(EchoDemoOptions, Action{string})"/>
    public static EchoDemo Start(EchoDemoOptions options, PlayerLog log)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(log);
        return new EchoDemo(options, log, ownsLog: false);
    }

    /// <summary>Connects as a user, sends lines, and returns the lines that the user receives: two greetings, then the echoes.</summary>
    /// <param name="lines">The lines to send.</param>
    /// <param name="cancellation">The token that closes the connection.</param>
    /// <exception cref="InvalidOperationException">
    /// Thrown when this demo plays only the wide receiver. Users connect to a quarterback.
    /// </exception>
    public async IAsyncEnumerable<string> SayAsync(
        IEnumerable<string> lines, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation = default)
    {
        Quarterback quarterback = _quarterback
            ?? throw new InvalidOperationException(SR.DemoHasNoQuarterback);
        await Listening.WaitAsync(cancellation).ConfigureAwait(false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stop.Token);
        await foreach (string line in EchoUser.SayAsync(quarterback.LocalEndPoint, lines, ended.Token).ConfigureAwait(false))
        {
            yield return line;
        }
    }

    /// <summary>Asks the demo to stop; <see cref="Completion"/> completes when it has stopped.</summary>
    public void RequestStop()
    {
        if (Interlocked.Exchange(ref _stopping, 1) == 0)
        {
            _log.Add(SR.DemoStopping);
            _stop.Cancel();
        }
    }

    /// <summary>Stops the demo: closes every connection, removes the socket's file, and ends the wide receiver's process.</summary>
    public void Stop()
    {
        RequestStop();
        Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Stop"/>
    public void Dispose() => Stop();

    private async Task PlayAsync()
    {
        using (_ownsLog ? _log : null)
        using (_quarterback)
        using (_wideReceiver)
        using (_child)
        {
            try
            {
                Task play = _quarterback is not null
                    ? _quarterback.RunAsync(() => _listening.TrySetResult(), _stop.Token)
                    : _wideReceiver!.RunAsync(() => _listening.TrySetResult(), _stop.Token);
                await WatchChildAsync(play).ConfigureAwait(false);
                await play.ConfigureAwait(false);
                _listening.TrySetCanceled();
            }
            catch (Exception exception)
            {
                _listening.TrySetException(exception);
                throw;
            }
            finally
            {
                _stop.Cancel();
                if (_child is not null)
                {
                    await _child.StopAsync().ConfigureAwait(false);
                    RemoveSocketOfKilledChild();
                }
            }
        }
    }

    private WideReceiver CreateWideReceiver(bool replaceStale) => new(
        _options.SocketPath, _log, _options.SocketName, _options.AllowAnyUser, replaceStale, _options.AllowUnixConnections);

    // A wide receiver that was killed leaves its socket file behind. If another wide receiver now listens on that socket, the file is not
    // removed.
    private void RemoveSocketOfKilledChild()
    {
        if (_child!.HasFailed && File.Exists(_options.SocketPath))
        {
            try
            {
                CreateWideReceiver(replaceStale: true).Dispose();
            }
            catch (IOException exception)
            {
                _log.Add(exception.Message);
            }
        }
    }

    // If the wide receiver ends before users can connect, it has failed to start. If it ends later, the quarterback waits for another one.
    private async Task WatchChildAsync(Task play)
    {
        if (_child is null || await Task.WhenAny(play, _child.Exited).ConfigureAwait(false) == play || _stop.IsCancellationRequested)
        {
            return;
        }

        if (!Listening.IsCompleted)
        {
            _stop.Cancel();
            await play.ConfigureAwait(false);
            throw new InvalidOperationException(_child.Describe());
        }

        _log.Add(_child.Describe());
    }
}
