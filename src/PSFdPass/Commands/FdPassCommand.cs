using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Management.Automation;
using System.Runtime.InteropServices;
using PSFdPass.Binding;
using PSFdPass.Errors;

namespace PSFdPass.Commands;

/// <summary>The base of every cmdlet of the module. It handles Ctrl-C, time limits, paths and errors.</summary>
public abstract class FdPassCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stopped = new();

    /// <summary>Gets the token that is canceled by Ctrl-C, and by everything else that stops the pipeline.</summary>
    protected CancellationToken Stopped => _stopped.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the resources of the command when it has ended.</summary>
    protected virtual void Dispose(bool disposing) => _stopped.Dispose();

    /// <inheritdoc/>
    protected override void StopProcessing() => _stopped.Cancel();

    /// <summary>Runs an action whose failure ends the command.</summary>
    /// <param name="action">The action to run.</param>
    /// <param name="target">The object that an error is about.</param>
    protected void Run(Action action, object? target)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (IsTerminating(exception))
        {
            ThrowTerminating(exception, target);
        }
    }

    /// <summary>Runs a function whose failure is an error about one object, after which the command continues with the next.</summary>
    /// <param name="function">
    /// The function to run. It must not write output, because an error further down the pipeline would be reported as its own.
    /// </param>
    /// <param name="target">The object that an error is about.</param>
    /// <returns>The result; null after an error.</returns>
    protected T? TryRun<T>(Func<T> function, object? target)
        where T : class
    {
        try
        {
            return function();
        }
        catch (Exception exception) when (IsTerminating(exception))
        {
            WriteError(exception, target);
            return null;
        }
    }

    /// <summary>Runs an action whose failure is an error about one object.</summary>
    /// <returns>False after an error.</returns>
    protected bool TryRun(Action action, object? target)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception exception) when (IsTerminating(exception))
        {
            WriteError(exception, target);
            return false;
        }
    }

    /// <summary>Returns whether an exception is an error to report, or was caused by Ctrl-C.</summary>
    protected bool IsTerminating(Exception exception) =>
        ErrorRecords.IsExpected(exception) || (exception is OperationCanceledException && Stopped.IsCancellationRequested);

    /// <summary>Ends the command with an error, or silently when Ctrl-C has ended the wait.</summary>
    [DoesNotReturn]
    protected void ThrowTerminating(Exception exception, object? target)
    {
        if (exception is OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }

        ThrowTerminatingError(ErrorRecords.From(exception, target, AdviceOn(exception), DescribeError(exception)));
        throw exception;
    }

    /// <summary>Writes an error about one object, or ends the command when Ctrl-C has ended the wait.</summary>
    protected void WriteError(Exception exception, object? target)
    {
        if (exception is OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }

        WriteError(ErrorRecords.From(exception, target, AdviceOn(exception), DescribeError(exception)));
    }

    /// <summary>
    /// Ends the command if the pipeline is being stopped. Call this method before removing something from a queue, because a pipeline that
    /// is being stopped no longer accepts output.
    /// </summary>
    protected void ThrowIfStopping()
    {
        if (Stopping)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <summary>Writes an object that owns descriptors. If the pipeline was stopped in the meantime, the object is disposed.</summary>
    protected void WriteOwner(IDisposable owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        if (Stopping)
        {
            owner.Dispose();
        }

        WriteObject(owner);
    }

    /// <summary>Returns advice on an error, in terms of this cmdlet's parameters; null if there is none.</summary>
    protected virtual string? AdviceOn(Exception exception) => null;

    /// <summary>Returns a message that is more helpful than that of the exception; null if there is none.</summary>
    protected virtual string? DescribeError(Exception exception) => null;

    /// <summary>
    /// Returns whether <see cref="Cmdlet.ShouldProcess(string, string)"/> would ask or show anything for this command, which has
    /// <see cref="ConfirmImpact.Low"/>. If not, the command need not create the texts for each object.
    /// </summary>
    protected bool MustCallShouldProcess()
    {
        Dictionary<string, object> bound = MyInvocation.BoundParameters;
        return bound.ContainsKey("WhatIf") || bound.ContainsKey("Confirm") || bound.ContainsKey("Verbose") ||
            !(GetVariableValue("WhatIfPreference") is false or SwitchParameter { IsPresent: false }) ||
            !(GetVariableValue("ConfirmPreference") is ConfirmImpact.None or ConfirmImpact.Medium or ConfirmImpact.High) ||
            GetVariableValue("VerbosePreference") is not ActionPreference.SilentlyContinue;
    }

    /// <summary>
    /// Returns whether <see cref="Cmdlet.WriteVerbose"/> would show anything. If not, the command need not create the texts for each
    /// object.
    /// </summary>
    protected bool MustWriteVerbose() =>
        MyInvocation.BoundParameters.ContainsKey("Verbose") || GetVariableValue("VerbosePreference") is not ActionPreference.SilentlyContinue;

    /// <summary>Writes a verbose message. Its text is created only if it is shown.</summary>
    protected void WriteVerbose(Func<string> text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (MustWriteVerbose())
        {
            WriteVerbose(text());
        }
    }

    /// <summary>Converts a number of seconds to a timeout; null means no limit.</summary>
    protected static TimeSpan ToTimeout(double? seconds) =>
        seconds is { } value ? TimeSpan.FromSeconds(value) : Timeout.InfiniteTimeSpan;

    /// <inheritdoc cref="ShellPaths.Resolve"/>
    protected string ResolvePath(string path) => ShellPaths.Resolve(SessionState, path);

    /// <summary>Returns the handle of any object that holds a socket. The object still owns it.</summary>
    /// <exception cref="ArgumentException">Thrown when the object does not hold a descriptor.</exception>
    protected static SafeHandle HandleOf(object socket)
    {
        object holder = ToHolder(socket);
        return DescriptorSource.Find(holder)?.Handle ?? throw new ArgumentException(
            SR.Format(Unwrap(holder) is string or FileSystemInfo ? SR.PathNotSocket : SR.NotSocket, Unwrap(holder).GetType()));
    }

    /// <summary>Returns the handle of any object that holds a descriptor. The object still owns it.</summary>
    /// <exception cref="ArgumentException">Thrown when the object does not hold a descriptor.</exception>
    protected static SafeHandle DescriptorOf(object value)
    {
        object holder = ToHolder(value);
        return DescriptorSource.Find(holder)?.Handle ?? throw new ArgumentException(
            SR.Format(Unwrap(holder) is string or FileSystemInfo ? SR.PathHoldsNoDescriptor : SR.HoldsNoDescriptor, Unwrap(holder).GetType()));
    }

    /// <summary>Returns the number in a string, which is how the prompt passes it, and any other object unchanged.</summary>
    protected static object ToHolder(object value) =>
        Unwrap(value) is string text && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? number
            : value;

    /// <summary>Returns an object without the wrapping that the shell puts around it.</summary>
    protected static object Unwrap(object value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
