using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Management.Automation;
using System.Runtime.InteropServices;

namespace PSFdPass.Commands;

/// <summary>What every cmdlet of the module shares: Ctrl-C, time limits, paths and errors.</summary>
public abstract class FdPassCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stopped = new();

    /// <summary>Cancelled by Ctrl-C, and by whatever else stops the pipeline.</summary>
    protected CancellationToken Stopped => _stopped.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopped.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected override void StopProcessing() => _stopped.Cancel();

    /// <summary>Does something whose failure ends the command: nothing further can be done.</summary>
    /// <param name="action">What to do.</param>
    /// <param name="target">The object that an error is about.</param>
    protected void OrStop(Action action, object? target)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (EndsCommand(exception))
        {
            Stop(exception, target);
        }
    }

    /// <summary>Whether an exception is one to <see cref="Stop"/> with: expected, or the end of a wait that Ctrl-C has ended.</summary>
    protected bool EndsCommand(Exception exception) =>
        ErrorRecords.IsExpected(exception) || (exception is OperationCanceledException && Stopped.IsCancellationRequested);

    /// <summary>
    /// Ends the command with an error. What runs for each object of a pipeline catches its exceptions itself and calls this:
    /// <see cref="OrStop"/> makes two objects each time.
    /// </summary>
    [DoesNotReturn]
    protected void Stop(Exception exception, object? target)
    {
        if (exception is OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }

        ThrowTerminatingError(ErrorRecords.From(exception, target, AdviceOn(exception)));
        throw exception;
    }

    /// <summary>What to do about an error that ends the command, in the terms of its own parameters; null for nothing.</summary>
    protected virtual string? AdviceOn(Exception exception) => null;

    /// <summary>Does something whose failure is an error about one object, after which the command goes on with the next.</summary>
    /// <param name="function">What to do. It writes nothing: what fails further down the pipeline is not its failure.</param>
    /// <param name="target">The object that an error is about.</param>
    /// <returns>The result; null after an error.</returns>
    protected T? OrWriteError<T>(Func<T> function, object? target)
        where T : class
    {
        try
        {
            return function();
        }
        catch (OperationCanceledException) when (Stopped.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (Exception exception) when (ErrorRecords.IsExpected(exception))
        {
            WriteError(ErrorRecords.From(exception, target));
            return null;
        }
    }

    /// <summary>What holds a descriptor: the object without its wrapping, or the number in a text, as one comes from the prompt.</summary>
    protected static object ToHolder(object value) =>
        Unwrap(value) is string text && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? number
            : Unwrap(value);

    /// <summary>
    /// Whether <see cref="Cmdlet.ShouldProcess(string, string)"/> would ask or tell anything for this command, which has
    /// <see cref="ConfirmImpact.Low"/>. When it would not, there is no need to call it, and to word its texts, for each object.
    /// </summary>
    protected bool AsksOrTells()
    {
        Dictionary<string, object> bound = MyInvocation.BoundParameters;
        return bound.ContainsKey("WhatIf") || bound.ContainsKey("Confirm") || bound.ContainsKey("Verbose") ||
            !(GetVariableValue("WhatIfPreference") is false or SwitchParameter { IsPresent: false }) ||
            !(GetVariableValue("ConfirmPreference") is ConfirmImpact.None or ConfirmImpact.Medium or ConfirmImpact.High) ||
            GetVariableValue("VerbosePreference") is not ActionPreference.SilentlyContinue;
    }

    /// <summary>A number of seconds as the time it is; null waits for ever.</summary>
    protected static TimeSpan ToTimeout(double? seconds) =>
        seconds is { } value ? TimeSpan.FromSeconds(value) : Timeout.InfiniteTimeSpan;

    /// <summary>The path in the file system that a path of the shell means, relative to the shell's location.</summary>
    /// <exception cref="ArgumentException">It is a path of another provider, such as <c>Env:</c>.</exception>
    /// <exception cref="System.Management.Automation.DriveNotFoundException">There is no such drive.</exception>
    protected string ResolvePath(string path)
    {
        string resolved = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
        return provider.Name == "FileSystem"
            ? resolved
            : throw new ArgumentException($"{path} is not in the file system, but in {provider.Name}.");
    }

    /// <summary>The handle of a socket in any of the forms that users have one, which stays theirs.</summary>
    /// <exception cref="ArgumentException">The object holds no descriptor.</exception>
    protected static SafeHandle HandleOf(object socket)
    {
        object holder = ToHolder(socket);
        return DescriptorSource.Find(holder)?.Handle ?? throw new ArgumentException(
            $"A {holder.GetType()} is no socket." + (holder is string or FileSystemInfo ? " Connect-UnixSocket connects to a path." : ""));
    }

    /// <summary>An object without the wrapping that the shell puts around it.</summary>
    protected static object Unwrap(object value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
