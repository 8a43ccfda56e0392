// The echo demo without PowerShell: two processes, and a TCP connection that moves from one to the other while its user types.
//
//   dotnet run --project samples/EchoDemo -- --say foo --say bar      both players, and a user who says foo and bar
//   dotnet run --project samples/EchoDemo -- WideReceiver             one player; the other in another terminal,
//   dotnet run --project samples/EchoDemo -- Quarterback              then: nc localhost 8000

using System.Diagnostics;
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

try
{
    EchoDemoOptions options = arguments.ToOptions();
    if (options.Role == EchoRole.All)
    {
        options = options with { WideReceiverProcess = ThisProgram("WideReceiver", "--socket", options.SocketPath, "--stop-with-input") };
    }

    // From here a signal leaves nothing behind, however early it comes.
    var signal = new TaskCompletionSource();
    using var signals = new ShutdownSignals(name =>
    {
        Console.WriteLine($"Processing signal ({name})");
        signal.TrySetResult();
    });
    using EchoDemo demo = EchoDemo.Start(options, Console.WriteLine);
    _ = signal.Task.ContinueWith(_ => demo.RequestStop(), TaskScheduler.Default);
    if (arguments.StopsWithInput)
    {
        _ = Console.OpenStandardInput().CopyToAsync(Stream.Null).ContinueWith(_ => demo.RequestStop(), TaskScheduler.Default);
    }

    if (arguments.Say.Count > 0)
    {
        await foreach (string line in demo.SayAsync(arguments.Say))
        {
            Console.WriteLine(line);
        }

        demo.RequestStop();
    }

    await demo.Completion;
    return 0;
}
catch (Exception exception) when (exception is IOException or InvalidOperationException or OperationCanceledException)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}

// This same program in a new process: by its own executable, or through dotnet where it has none.
static ProcessStartInfo ThisProgram(params string[] arguments)
{
    string program = Environment.ProcessPath!;
    bool throughDotnet = Path.GetFileNameWithoutExtension(program) == "dotnet";
    string[] before = throughDotnet ? [typeof(Arguments).Assembly.Location] : [];
    return new ProcessStartInfo(program, [.. before, .. arguments]);
}
