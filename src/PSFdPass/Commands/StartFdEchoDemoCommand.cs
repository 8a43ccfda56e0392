using System.Collections.Concurrent;
using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Echo;
using PSFdPass.Errors;

namespace PSFdPass.Commands;

/// <summary>Shows how descriptors are passed: a user's connection moves from a quarterback to a wide receiver in another process.</summary>
[Cmdlet(VerbsLifecycle.Start, "FdEchoDemo", DefaultParameterSetName = "Foreground", SupportsShouldProcess = true)]
[OutputType(typeof(void), ParameterSetName = ["Foreground"])]
[OutputType(typeof(string), ParameterSetName = ["Say"])]
[OutputType(typeof(EchoDemo), ParameterSetName = ["Background"])]
public sealed class StartFdEchoDemoCommand : FdPassCommand
{
    private static readonly TimeSpan SignalGrace = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan StopGrace = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan QuarterbackGrace = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(20);

    private readonly BlockingCollection<(string Text, bool IsOutput)> _lines = [];

    /// <summary>
    /// The part that this process plays: the quarterback, the wide receiver, or all (with the wide receiver in a separate process).
    /// </summary>
    [Parameter(Position = 0)]
    public EchoRole Role { get; set; }

    /// <summary>The port to which users connect; 0 chooses a free port.</summary>
    [Parameter]
    [ValidateRange(0, 65535)]
    public int Port { get; set; } = EchoDemoOptions.DefaultPort;

    /// <summary>The address to which users connect.</summary>
    [Parameter]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(LocalAddressCompleter))]
    public IPAddress ListenAddress { get; set; } = IPAddress.Loopback;

    /// <summary>The Unix-domain socket between the players.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(SocketPathCompleter))]
    public string SocketPath { get; set; } = EchoDemoOptions.DefaultSocket;

    /// <summary>Also play the user: connect, send these lines, show what comes back, and end the demo.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Say")]
    [ValidateNotNullOrEmpty]
    public string[]? Say { get; set; }

    /// <summary>Play in the background, and return an object that can stop the demo.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Background")]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Let the other player run under any account, and not only under this process's account.</summary>
    [Parameter]
    public SwitchParameter AllowAnyUser { get; set; }

    /// <summary>Replace a socket that a wide receiver left behind.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Say is not null && !MyInvocation.BoundParameters.ContainsKey(nameof(Port)))
        {
            // No other program needs to know the port.
            Port = 0;
        }

        if (!ShouldProcess(SR.Format(SR.PlayTarget, SocketPath, Port), SR.Format(SR.PlayAction, Role)))
        {
            return;
        }

        Run(
            () =>
            {
                if (Say is not null && Role == EchoRole.WideReceiver)
                {
                    throw new ArgumentException(SR.SayWithoutQuarterback);
                }

                if (PassThru)
                {
                    StartInBackground();
                }
                else
                {
                    Play();
                }
            },
            SocketPath);
    }

    /// <inheritdoc/>
    protected override string? DescribeError(Exception exception)
    {
        if (exception is not SystemCallException { Call: "bind", ErrnoName: "EADDRINUSE" } error || error.Subject != ResolvePath(SocketPath))
        {
            return null;
        }

        return AddressInUse.Describe(UnixSocketAddress.FromPath(error.Subject), SocketType.Stream, error, Force);
    }

    private void StartInBackground()
    {
        EchoDemo demo = StartDemo(static _ => { });
        try
        {
            // A quarterback alone may have to wait for a wide receiver that is started later, so wait only for errors that occur at once.
            TimeSpan patience = Role == EchoRole.Quarterback ? QuarterbackGrace : Timeout.InfiniteTimeSpan;
            _ = demo.Listening.Wait(patience, Stopped);
        }
        catch (Exception exception)
        {
            demo.Stop();
            ExceptionDispatchInfo.Throw((exception as AggregateException)?.InnerException ?? exception);
        }

        WriteObject(demo);
    }

    private void Play()
    {
        var signal = new TaskCompletionSource();
        bool isControlC = false;
        using var signals = new ShutdownSignals(name =>
        {
            Enqueue(SR.Format(SR.SignalProcessed, name));
            isControlC = name == nameof(PosixSignal.SIGINT);
            signal.TrySetResult();
        });
        using EchoDemo demo = StartDemo(line => Enqueue(line));
        _ = signal.Task.ContinueWith(_ => demo.RequestStop(), TaskScheduler.Default);
        using CancellationTokenRegistration stop = Stopped.Register(() =>
        {
            // Ctrl-C also sends a signal, and the line for that signal must come first.
            signal.Task.Wait(SignalGrace);
            demo.RequestStop();
        });
        if (PwshProcess.MustStopWithInput && Role == EchoRole.WideReceiver)
        {
            _ = Console.OpenStandardInput().CopyToAsync(Stream.Null).ContinueWith(_ => demo.RequestStop(), TaskScheduler.Default);
        }

        Task playing = Say is null ? demo.Completion : SayAsync(demo, Say);
        _ = playing.ContinueWith(_ => _lines.CompleteAdding(), TaskScheduler.Default);
        while (_lines.TryTake(out (string Text, bool IsOutput) line, Timeout.Infinite))
        {
            Show(line.Text, line.IsOutput);
            if (_lines.Count == 0 && !_lines.IsAddingCompleted)
            {
                // Wait for more lines, so that not every line wakes this thread.
                Thread.Sleep(Breath);
            }
        }

        if (isControlC)
        {
            // PowerShell also stops the pipeline, but later. Without this wait, it could stop the next command instead.
            Stopped.WaitHandle.WaitOne(StopGrace);
        }

        WaitForEnd(playing, signal.Task);
        if ((Stopped.IsCancellationRequested || isControlC) && PwshProcess.IsOneShot)
        {
            // Stopping the demo is its normal end, and not a failure of the script that ran it.
            Host.SetShouldExit(0);
        }
    }

    // A signal during the start cancels it, which is a normal end and not an error.
    private static void WaitForEnd(Task playing, Task signal)
    {
        try
        {
            playing.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (signal.IsCompleted)
        {
        }
    }

    private async Task SayAsync(EchoDemo demo, string[] lines)
    {
        try
        {
            await foreach (string line in demo.SayAsync(lines, Stopped).ConfigureAwait(false))
            {
                Enqueue(line, isOutput: true);
            }
        }
        finally
        {
            demo.RequestStop();
            await demo.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await demo.Completion.ConfigureAwait(false);
    }

    private void Enqueue(string text, bool isOutput = false)
    {
        try
        {
            _lines.Add((text, isOutput));
        }
        catch (InvalidOperationException)
        {
            // For example, a second signal has arrived while the last line was being shown.
        }
    }

    private void Show(string text, bool isOutput)
    {
        if (Stopped.IsCancellationRequested)
        {
            // The pipeline is closed, but there is still something to report.
            Host.UI.WriteLine(text);
        }
        else if (isOutput)
        {
            WriteObject(text);
        }
        else
        {
            WriteInformation(new HostInformationMessage { Message = text }, ["PSHOST"]);
        }
    }

    private EchoDemo StartDemo(Action<string> log)
    {
        EchoDemoOptions options = Options();
        using FileDescriptor? passed = Role == EchoRole.Quarterback ? ActivationDescriptors.TakeFirst(ActivatedListener.IsListener) : null;
        Socket? listener = passed?.OpenSocket();
        try
        {
            return EchoDemo.Start(options with { Listener = listener }, log);
        }
        catch
        {
            listener?.Dispose();
            throw;
        }
    }

    private EchoDemoOptions Options() => new()
    {
        Role = Role,
        Listen = new IPEndPoint(ListenAddress, Port),
        SocketPath = ResolvePath(SocketPath),
        SocketName = SocketPath,
        AllowAnyUser = AllowAnyUser,
        ReplaceStale = Force,
        WideReceiverProcess = Role == EchoRole.All ? PwshProcess.ForWideReceiver(this, SocketPath, AllowAnyUser, Force) : null,
    };
}
