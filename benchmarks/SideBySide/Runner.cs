using System.Diagnostics;
using PSFdPass.Benchmarks.Measuring;
using PSFdPass.Benchmarks.Report;
using PSFdPass.Benchmarks.Suites;

namespace PSFdPass.Benchmarks;

/// <summary>Runs the measurements one after the other, prints their tables, and writes the page.</summary>
internal static class Runner
{
    public static void Run(Options options)
    {
#if DEBUG
        throw new BenchmarkException("Only optimised code is worth measuring: dotnet run -c Release --project benchmarks/SideBySide");
#else
        var clock = Stopwatch.StartNew();
        var page = new Page();
        page.Add("machine", Machine.Describe());
        foreach (string name in options.Suites)
        {
            Note($"{name} ...");
            Suite suite = name switch
            {
                "core" => new CoreSuite(),
                "pwsh" => new PwshSuite(),
                "import" => new ImportSuite(),
                "set" => new SetSuite(),
                "inspect" => new InspectSuite(),
                "echo" => new EchoSuite(),
                "move" => new MoveSuite(),
                _ => new ProfileSuite(),
            };
            try
            {
                suite.Measure(options);
            }
            catch (BenchmarkException exception)
            {
                suite.Notices.Add($"Not measured: {exception.Message}");
            }

            suite.Report(page);
            foreach (string notice in suite.Notices)
            {
                Console.WriteLine($"  {notice}");
            }
        }

        page.Add("aims", page.Aims);
        Console.WriteLine(page.ToConsole());
        if (options.Writes)
        {
            page.Write(Path.Combine(Tools.Root, "docs"));
        }

        Note($"{clock.Elapsed.TotalSeconds:0} seconds.");
#endif
    }

    internal static void Note(string text) => Console.Error.WriteLine(text);
}
