using System.Diagnostics;
using System.Text;

namespace PSFdPass.Echo;

/// <summary>
/// A wide receiver in a child process. Its standard output is the log. Its standard input is a pipe to which nothing is written. The input
/// ends when this process stops the child or ends in any way, so the child is never left behind.
/// </summary>
internal sealed class WideReceiverProcess : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    /// <summary>Starts the wide receiver's process.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">Thrown when the program can't be started.</exception>
    public WideReceiverProcess(ProcessStartInfo start, Action<string> log)
    {
        start.UseShellExecute = false;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Relay(line.Data, log);
        _process.ErrorDataReceived += (_, line) => Relay(line.Data, text => _errors.AppendLine(text));
        _process.Start();
        Id = _process.Id;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Exited = _process.WaitForExitAsync();
    }

    /// <summary>Gets the process ID.</summary>
    public int Id { get; }

    /// <summary>
    /// Gets a task that completes when the process has ended, for whatever reason, and everything that it wrote has been read.
    /// </summary>
    public Task Exited { get; }

    /// <summary>Gets a value indicating whether the process has ended with a status other than 0.</summary>
    public bool HasFailed => Exited.IsCompleted && _process.ExitCode != 0;

    /// <summary>Returns a description of how the process ended, with the text of its standard error.</summary>
    public string Describe() => SR.Format(SR.ReceiverEnded, Id, _process.ExitCode, _errors.ToString().Trim()).Trim();

    /// <summary>Asks the process to stop, and kills it if it has not stopped after five seconds.</summary>
    public async Task StopAsync()
    {
        _process.StandardInput.Close();
        try
        {
            await Exited.WaitAsync(Grace).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _process.Kill();
            await Exited.ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _process.Dispose();

    private static void Relay(string? line, Action<string> sink)
    {
        if (line is not null)
        {
            sink(line);
        }
    }
}
