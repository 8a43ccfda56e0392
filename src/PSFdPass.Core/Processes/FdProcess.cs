using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Processes;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>
/// A child process that has been started with exactly the requested descriptors: its standard streams and the descriptors in
/// <see cref="FdProcessStartInfo"/>, at their numbers, and no other descriptor of this process.
/// </summary>
/// <remarks>
/// <para>
/// On Linux 5.4 and later, the child is waited for and signaled through a process descriptor (pidfd_open(2)) that is opened right
/// after the start. A process that gets the same ID later is therefore never affected. Elsewhere (macOS, older kernels, sandboxes
/// that deny the call), the child is polled with waitpid(2) at intervals of at most 50 ms, and <see cref="Kill"/> uses its ID,
/// after checking that it has not been reaped.
/// </para>
/// <para>
/// The child is reaped when it ends, whether or not this object is kept or disposed. Disposing the object neither ends the child nor
/// waits for it. Thread-safe.
/// </para>
/// </remarks>
public sealed class FdProcess : IDisposable
{
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(100);
    private readonly object _gate = new();

    // The descriptor of the public API, which Dispose closes, and the one that the child is reaped with. Until Dispose, they are the same.
    private readonly SafeDescriptorHandle? _descriptor;
    private SafeDescriptorHandle? _reaping;
    private ChildExit? _exit;
    private volatile bool _isDisposed;

    private FdProcess(int id, SpawnPlan plan, SpawnFeatures features)
    {
        Id = id;
        FileName = plan.Program;
        LostEnvironmentVariables = plan.LostVariables;
        if (features.HasProcessDescriptors)
        {
            _reaping = _descriptor = ProcessDescriptors.TryOpen(id, out bool isGone);
            _exit = isGone ? ChildExit.Unknown : null;
        }
    }

    /// <summary>Gets the process ID.</summary>
    public int Id { get; }

    /// <summary>Gets the absolute path of the program.</summary>
    public string FileName { get; }

    /// <summary>
    /// Gets the names of the environment variables that were set but that the child does not have. This happens only with
    /// <see cref="FdProcessStartInfo.ListenDescriptors"/>, because /bin/sh discards OPTIND, PPID and all variables whose names are
    /// not valid in a shell.
    /// </summary>
    public IReadOnlyList<string> LostEnvironmentVariables { get; }

    /// <summary>Gets a value indicating whether the child has ended.</summary>
    public bool HasExited => TryReap();

    /// <summary>
    /// Gets the exit code or, if a signal ended the child, 128 plus the number of the signal, as in shells. The value is null while
    /// the child runs. It is also null if the code is unknown because something else reaped the child: the kernel, if this process
    /// was started with SIGCHLD ignored, or .NET, if this process is the first one of its PID namespace.
    /// </summary>
    public int? ExitCode => TryReap() ? _exit!.Code : null;

    /// <summary>
    /// Gets the number of the signal that ended the child; null if the child exited or is still running, or if it is unknown how it
    /// ended.
    /// </summary>
    public int? ExitSignal => TryReap() ? _exit!.Signal : null;

    /// <summary>
    /// Gets the process descriptor, which is readable when the child has ended (pidfd_open(2)). This object owns the descriptor.
    /// </summary>
    /// <exception cref="ObjectDisposedException">Thrown when this object has been disposed.</exception>
    /// <exception cref="NotSupportedException">
    /// Thrown when there is no process descriptor: on macOS, on Linux before 5.4, in a sandbox that denies the call, or when the
    /// child was reaped before its descriptor could be opened.
    /// </exception>
    public SafeHandle SafeHandle
    {
        get
        {
            ThrowIfDisposed();
            return _descriptor ?? throw new NotSupportedException(
                HasExited ? SR.ProcessDescriptorAfterExit : SR.ProcessDescriptorNotSupported);
        }
    }

    /// <summary>Starts a child process (posix_spawn(3)).</summary>
    /// <param name="startInfo">The program, its environment and its descriptors.</param>
    /// <remarks>
    /// In the child, every signal has its default disposition and no signal is blocked. Descriptors that are not in
    /// <paramref name="startInfo"/> are closed, including those without close-on-exec. On Linux, if the C library does not have
    /// posix_spawn_file_actions_addclosefrom_np (glibc 2.34 and later have it), a descriptor that another thread opens without
    /// close-on-exec during the start may be inherited. Thread-safe, as long as no other thread changes
    /// <paramref name="startInfo"/>.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// Thrown when a number is used twice, when a name, an argument or a variable is not valid, or when the number of names is not
    /// the number of listening descriptors.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when a number is negative or not below the limit of open files.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when a descriptor is closed.</exception>
    /// <exception cref="PlatformNotSupportedException">
    /// Thrown when a working directory is specified, but the C library can't set it in a child.
    /// </exception>
    /// <exception cref="SystemCallException">
    /// Thrown when the program is not found (ENOENT), not executable (EACCES) or in no known format (ENOEXEC), when the working
    /// directory doesn't exist, when this process has reached its limit of open descriptors (EMFILE), or when posix_spawn fails for
    /// another reason.
    /// </exception>
    public static FdProcess Start(FdProcessStartInfo startInfo)
    {
        ArgumentNullException.ThrowIfNull(startInfo);
        return StartWith(SpawnFeatures.Current, startInfo);
    }

    /// <summary>Starts a child, using only the specified features of the system.</summary>
    internal static FdProcess StartWith(SpawnFeatures features, FdProcessStartInfo startInfo)
    {
        var plan = new SpawnPlan(startInfo);
        FdProcess process;

        // Reserves a number for the process descriptor. If the descriptor table is full, nothing is started.
        using (var reserved = new WakeDescriptor())
        {
            int id = plan.Spawn(features);
            reserved.Dispose();
            process = new FdProcess(id, plan, features);
        }

        _ = process.ReapAsync();
        return process;
    }

    /// <summary>Waits until the child has ended.</summary>
    /// <exception cref="ObjectDisposedException">Thrown when this object has been disposed, before or during the wait.</exception>
    public void WaitForExit() => WaitForExit(Timeout.InfiniteTimeSpan);

    /// <summary>Waits until the child has ended or the timeout has expired.</summary>
    /// <param name="timeout">The maximum time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait, not the child.</param>
    /// <returns>True when the child has ended; false when the timeout has expired.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the wait was canceled.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when this object has been disposed, before or during the wait.</exception>
    public bool WaitForExit(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Deadline deadline = Deadline.After(timeout);
        var attempt = new ExitAttempt(this);
        try
        {
            return WaitLoop.Run<ExitAttempt, bool>(ref attempt, _descriptor, deadline, cancellationToken);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Waits until the child has ended, without blocking a thread.</summary>
    /// <param name="cancellationToken">Cancels the wait, not the child.</param>
    /// <exception cref="OperationCanceledException">Thrown when the wait was canceled.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when this object has been disposed, before or during the wait.</exception>
    public Task WaitForExitAsync(CancellationToken cancellationToken = default) =>
        WaitLoop.RunAsync<ExitAttempt, bool>(new ExitAttempt(this), _descriptor, Deadline.Never, cancellationToken).AsTask();

    /// <summary>Sends a signal to the child (pidfd_send_signal(2)). Does nothing if the child has ended.</summary>
    /// <param name="signal">The signal's number on this system; by default SIGKILL.</param>
    /// <exception cref="ObjectDisposedException">Thrown when this object has been disposed.</exception>
    /// <exception cref="SystemCallException">
    /// Thrown when the signal does not exist (EINVAL), or when the child runs as another user and this process may not signal it
    /// (EPERM).
    /// </exception>
    public void Kill(int signal = Signal.SIGKILL)
    {
        ThrowIfDisposed();
        int result;
        if (_descriptor is not null)
        {
            using var lease = new HandleLease(_descriptor);
            result = SysPidFd.SendSignal(lease.Fd, signal);
        }
        else
        {
            // Nothing else reaps the child while the lock is held, so the ID still belongs to the child.
            lock (_gate)
            {
                result = TryReap() ? 0 : Signal.Kill(Id, signal);
            }
        }

        int errno = result < 0 ? Errno.Last : 0;
        if (errno != 0 && errno != Errno.ESRCH)
        {
            throw new SystemCallException(_descriptor is null ? "kill" : "pidfd_send_signal", errno, SR.Format(SR.SubjectProcess, Id));
        }
    }

    /// <summary>Closes the process descriptor. The child continues to run, and is reaped when it ends.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _descriptor?.Dispose();
    }

    /// <summary>Returns a string that contains the ID, the program and the state.</summary>
    public override string ToString()
    {
        string state = !HasExited ? "running"
            : ExitSignal is { } signal ? $"ended by signal {signal}"
            : ExitCode is { } code ? $"exited with code {code}"
            : "ended";
        return $"{Id} {ShownText.Of(FileName)} ({state})";
    }

    private bool TryReap()
    {
        lock (_gate)
        {
            try
            {
                _exit ??= ChildExit.TryReap(Id, _reaping);
            }
            catch (ObjectDisposedException)
            {
                // The object has just been disposed. ReapAsync opens another descriptor.
            }

            return _exit is not null;
        }
    }

    // Runs until the child has been reaped, and keeps this object alive until then.
    private async Task ReapAsync()
    {
        while (!HasExited)
        {
            try
            {
                await WaitLoop.RunAsync<ReapAttempt, bool>(new ReapAttempt(this), _reaping, Deadline.Never, default).ConfigureAwait(false);
            }
            catch (ObjectDisposedException)
            {
                OpenAgain();
            }
            catch (SystemCallException)
            {
                // No descriptor is free for the wait, so try again later.
                await Task.Delay(PauseAfterError).ConfigureAwait(false);
            }
        }

        if (_reaping != _descriptor)
        {
            _reaping?.Dispose();
        }
    }

    // The child has not been reaped, so its ID still belongs to it.
    private void OpenAgain()
    {
        lock (_gate)
        {
            if (_exit is null)
            {
                _reaping = ProcessDescriptors.TryOpen(Id, out bool isGone);
                _exit = isGone ? ChildExit.Unknown : null;
            }
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_isDisposed, this);

    private Outcome Try(out bool result)
    {
        result = true;
        return TryReap() ? Outcome.Done : _reaping is null ? Outcome.Unavailable : Outcome.NotReady;
    }

    /// <summary>A caller's wait. It ends when the object is disposed.</summary>
    private readonly struct ExitAttempt(FdProcess process) : IAttempt<bool>
    {
        public short Events => Poll.POLLIN;

        public Outcome Try(out bool result)
        {
            process.ThrowIfDisposed();
            return process.Try(out result);
        }

        public Exception CreateTimeoutException() => new TimeoutException();

        public Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);
    }

    /// <summary>The wait in <see cref="ReapAsync"/>. It continues after the object has been disposed.</summary>
    private readonly struct ReapAttempt(FdProcess process) : IAttempt<bool>
    {
        public short Events => Poll.POLLIN;

        public Outcome Try(out bool result) => process.Try(out result);

        public Exception CreateTimeoutException() => new TimeoutException();

        public Exception CreateCanceledException(CancellationToken cancellationToken) => new OperationCanceledException(cancellationToken);
    }
}
