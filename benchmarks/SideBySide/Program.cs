// Measures PSFdPass side by side with C, Go, Python, Ruby and Perl, and writes docs/performance.md and its picture:
//
//   dotnet run -c Release --project benchmarks/SideBySide
//
// The program also starts itself in other roles (loop, client, origin, target, holder). These processes are the workers that are measured.

using PSFdPass.Benchmarks;
using PSFdPass.Benchmarks.Workers;

try
{
    switch (args)
    {
        case ["loop"]:
            LoopWorker.Run();
            break;
        case ["client"]:
            ClientWorker.Run();
            break;
        case ["origin", var path]:
            OriginWorker.Run(path);
            break;
        case ["holder"]:
            HolderWorker.Run();
            break;
        case ["target", var path]:
            TargetWorker.Run(path);
            break;
        default:
            Runner.Run(Options.Parse(args));
            break;
    }

    return 0;
}
catch (BenchmarkException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
