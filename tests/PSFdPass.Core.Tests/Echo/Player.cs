using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace PSFdPass.Tests.Echo;

/// <summary>
/// A player of the echo demo in a process of its own: the sample, or a program in C or Python. Its output is read line by line.
/// Its signals are handled as at a shell prompt, however these tests were started. Disposing kills it if it is still running.
/// </summary>
internal sealed partial class Player : IDisposable
{
    private readonly Process _process;
    private readonly BlockingCollection<string> _unread = [];
    private readonly List<string> _lines = [];
    private readonly Task<string> _error;

    private Player(IEnumerable<string> command, string folder)
    {
        string asUsual = Path.Combine(Repository.Root, "tests", "Support", "signals_as_usual.py");
        var start = new ProcessStartInfo("python3", ["-B", asUsual, .. command])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _error = _process.StandardError.ReadToEndAsync();
        StreamReader output = _process.StandardOutput;
        var reader = new Thread(() => Read(output)) { IsBackground = true };
        reader.Start();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Gets a value indicating whether another process traces each of its threads.</summary>
    public bool IsTraced => Directory.GetDirectories($"/proc/{Id}/task").All(thread =>
        File.ReadLines(Path.Combine(thread, "status")).Any(line =>
            line.StartsWith("TracerPid:", StringComparison.Ordinal) && !line.EndsWith("\t0", StringComparison.Ordinal)));

    /// <summary>Gets the lines of its output that were read.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Starts the sample as dotnet run does, with these arguments.</summary>
    public static Player Sample(string folder, params IEnumerable<string> arguments) => new(SampleCommand(arguments), folder);

    /// <summary>Starts the sample with a limit of open files (ulimit -n).</summary>
    public static Player SampleWithLimit(int openFiles, string folder, params IEnumerable<string> arguments) =>
        new(["sh", "-c", $"ulimit -n {openFiles} && exec \"$@\"", "sh", .. SampleCommand(arguments)], folder);

    /// <summary>Starts the sample from a shell script, in which "$@" is its command line.</summary>
    public static Player SampleInScript(string script, string folder, params IEnumerable<string> arguments) =>
        new(["sh", "-c", script, "sh", .. SampleCommand(arguments)], folder);

    /// <summary>Starts a Python program in a file.</summary>
    public static Player Python(string file, string folder, params IEnumerable<string> arguments) =>
        new(["python3", "-B", file, .. arguments], folder);

    /// <summary>Starts a program of tests/peers in C or Python.</summary>
    public static Player Foreign(string language, string name, string folder, params IEnumerable<string> arguments) =>
        new(language == "C" ? [Compile(name, folder), .. arguments] : ["python3", "-B", Source(name + ".py"), .. arguments], folder);

    /// <summary>Compiles a program of tests/peers into a folder, and returns its path.</summary>
    public static string Compile(string name, string folder)
    {
        string target = Path.Combine(folder, name);
        Program.Run("gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", target, Source(name + ".c")).Succeeded();
        return target;
    }

    /// <summary>Waits for a line of output that matches, and returns the text that the pattern's last group matched.</summary>
    public string WaitFor([StringSyntax("Regex")] string pattern)
    {
        Match? match;
        while ((match = _lines.Select(line => Regex.Match(line, pattern)).FirstOrDefault(found => found.Success)) is null)
        {
            if (!_unread.TryTake(out string? line, Patience.Long))
            {
                string error = _unread.IsCompleted ? _error.Result : "";
                throw new InvalidOperationException($"No line of its output matches '{pattern}':\n{string.Join('\n', _lines)}\n{error}");
            }

            _lines.Add(line);
        }

        return match.Groups[^1].Value;
    }

    /// <summary>Waits until it listens, and returns the port.</summary>
    public int WaitForPort() => int.Parse(WaitFor(@"^Listening on .*:(\d+)$"));

    /// <summary>Sends it a signal: kill(2).</summary>
    public void Signal(int signal) => Assert.Equal(0, Kill(Id, signal));

    /// <summary>Stops it (SIGSTOP), and waits until it has stopped, which may be some time after kill(2) has returned.</summary>
    public void Halt()
    {
        Signal(Signals.Stop);
        Assert.True(
            SpinWait.SpinUntil(
                () => Directory.EnumerateDirectories($"/proc/{Id}/task")
                    .All(thread => File.ReadAllText(Path.Combine(thread, "stat")).Contains(") T ", StringComparison.Ordinal)),
                Patience.Long),
            "It does not stop.");
    }

    /// <summary>Waits until it ends. Afterwards, <see cref="Lines"/> is complete.</summary>
    public Program.Result Finish()
    {
        _process.StandardInput.Close();
        while (_unread.TryTake(out string? line, Patience.Long))
        {
            _lines.Add(line);
        }

        Assert.True(_unread.IsCompleted && _process.WaitForExit(Patience.Long), "It does not end:\n" + string.Join('\n', _lines));
        return new Program.Result(_process.ExitCode, string.Join('\n', _lines), _error.Result);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    /// <summary>The command line of the sample.</summary>
    public static string[] SampleCommand(params IEnumerable<string> arguments)
    {
        string output = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        string sample = Path.Combine(Repository.Root, "artifacts", "bin", "EchoDemo", output, "EchoDemo.dll");
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        return [dotnet, "exec", sample, .. arguments];
    }

    private static string Source(string name) => Path.Combine(Repository.Root, "tests", "peers", name);

    // Its argument is the reader, because the process object may be disposed before the last line is read.
    private void Read(StreamReader output)
    {
        while (output.ReadLine() is { } line)
        {
            _unread.Add(line);
        }

        _unread.CompleteAdding();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
