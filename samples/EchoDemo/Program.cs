// The echo demo without PowerShell: two processes, and a TCP connection that moves from one to the other while its user types.
//
//   dotnet run --project samples/EchoDemo -- --say foo --say bar      both players, and a user who says foo and bar
//   dotnet run --project samples/EchoDemo -- WideReceiver             one player; the other in another terminal,
//   dotnet run --project samples/EchoDemo -- Quarterback              then: nc localhost 8000
//
// A quarterback that a service manager starts with a listening TCP socket (sd_listen_fds(3)) uses that socket instead of --port:
//   systemd-socket-activate -l 127.0.0.1:8000 EchoDemo Quarterback

using System.Diagnostics;
using System.Net.Sockets;
using PSFdPass;
using PSFdPass.Echo;
using PSFdPass.Samples;

Arguments arguments;
try
{
    arguments = Arguments.Parse(args);
}
catch (ArgumentException exception)
{
    Console.Error.WriteLine(exception.Message);
    Console.Error.WriteLine(Arguments.Usage);
    return 2;
}

if (arguments.WantsHelp)
{
    Console.WriteLine(Arguments.Usage);
    return 0;
}

EchoDemoOptions options = arguments.ToOptions();
try
{
    if (options.Role == EchoRole.All)
    {
        options = options with { WideReceiverProcess = ThisProgram(arguments.ForWideReceiver()) };
    }

    // The log is created first, so that users and signals never wait for a standard output that nobody reads, or for a full disk.
    using var log = new PlayerLog(Console.WriteLine);

    // From here on, a signal ends the demo without leaving anything behind, even during the start.
    SignalDispositions.SetDefault();
    var signal = new TaskCompletionSource();
    using var signals = new ShutdownSignals(name =>
    {
        log.Add($"Processing signal ({name})");
        signal.TrySetResult();
    });

    // Under a service manager, users connect to the listener that it passed.
    using Socket? listener = options.Role == EchoRole.Quarterback ? ActivatedListener.Take() : null;
    using EchoDemo demo = EchoDemo.Start(options with { Listener = listener }, log);
    _ = signal.Task.ContinueWith(_ => demo.RequestStop(), TaskScheduler.Default);
    if (arguments.StopsWithInput)
    {
        _ = Console.OpenStandardInput().CopyToAsync(Stream.Null).ContinueWith(_ => demo.RequestStop(), TaskScheduler.Default);
    }

    if (arguments.Say.Count > 0)
    {
        await foreach (string line in demo.SayAsync(arguments.Say))
        {
            log.Add(line);
        }

        demo.RequestStop();
    }

    await demo.Completion;
    return 0;
}
catch (Exception exception) when (exception is IOException or InvalidOperationException or OperationCanceledException)
{
    bool isStale = exception is SystemCallException { ErrnoName: "EADDRINUSE" } && !options.ReplaceStale && IsStale(options.SocketPath);
    Console.Error.WriteLine(exception.Message + (isStale ? " --force replaces it." : ""));
    return 1;
}

// Returns whether the path is a socket on which no process listens.
static bool IsStale(string path)
{
    try
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return false;
    }
    catch (SocketException exception)
    {
        return exception.SocketErrorCode == SocketError.ConnectionRefused;
    }
}

// Returns the start information for this program in a new process: with its own executable, or with dotnet if it has none.
static ProcessStartInfo ThisProgram(params string[] arguments)
{
    string program = Environment.ProcessPath!;
    bool throughDotnet = Path.GetFileNameWithoutExtension(program) == "dotnet";
    string[] before = throughDotnet ? [typeof(Arguments).Assembly.Location] : [];
    return new ProcessStartInfo(program, [.. before, .. arguments]);
}
