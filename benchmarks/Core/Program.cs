// The library in process, one method at a time, with what it allocates:
//
//   dotnet run -c Release --project benchmarks/Core -- --filter '*'
//
// It runs in this process: a program that BenchmarkDotNet generates and builds would not find this checkout's settings.

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
