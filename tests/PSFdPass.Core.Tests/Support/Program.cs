using System.Diagnostics;

namespace PSFdPass.Tests;

/// <summary>A program that a test runs. It has a time limit, after which it, and nothing else, is killed.</summary>
internal sealed class Program : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    private Program(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _error = process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    public StreamWriter Input => _process.StandardInput;

    public static Program Start(string file, params IEnumerable<string> arguments) =>
        Start(new ProcessStartInfo(file, arguments));

    public static Program Start(ProcessStartInfo information)
    {
        information.RedirectStandardInput = true;
        information.RedirectStandardOutput = true;
        information.RedirectStandardError = true;
        return new Program(Process.Start(information)!);
    }

    /// <summary>Runs a program to its end.</summary>
    public static Result Run(string file, params IEnumerable<string> arguments)
    {
        using Program program = Start(file, arguments);
        return program.Finish();
    }

    /// <summary>Returns whether a program is on the PATH.</summary>
    public static bool IsInstalled(string name) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, name)));

    /// <summary>Closes the program's input, and waits until it ends.</summary>
    public Result Finish()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(Limit))
        {
            _process.Kill();
            _process.WaitForExit();
            Assert.Fail($"{_process.StartInfo.FileName} did not end in time.\n{_output.Result}{_error.Result}");
        }

        return new Result(_process.ExitCode, _output.GetAwaiter().GetResult(), _error.GetAwaiter().GetResult());
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        // Process does not close streams that were accessed.
        _process.StandardInput.Dispose();
        _process.StandardOutput.Dispose();
        _process.StandardError.Dispose();
        _process.Dispose();
    }

    /// <summary>The result of a program that has ended.</summary>
    public sealed record Result(int ExitCode, string Output, string Error)
    {
        public Result Succeeded()
        {
            Assert.True(ExitCode == 0, $"Exit code {ExitCode}\n{Output}{Error}");
            return this;
        }
    }
}
