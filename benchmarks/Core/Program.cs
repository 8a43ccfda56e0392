// Measures the time and the allocated memory of the library's methods, one at a time, in one process:
//
//   dotnet run -c Release --project benchmarks/Core -- --filter '*'
//
// The benchmarks run in this process, because a program that BenchmarkDotNet generates and builds would not find the settings of
// this checkout.

using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;
using PSFdPass.Benchmarks;

Job job = Job.Default
    .WithToolchain(InProcessEmitToolchain.Instance)
    .WithWarmupCount(8)
    .WithIterationCount(15)
    .WithIterationTime(TimeInterval.FromMilliseconds(200));
BenchmarkSwitcher.FromAssembly(typeof(PassingBenchmarks).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
