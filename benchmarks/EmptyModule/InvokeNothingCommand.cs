using System.Management.Automation;

namespace EmptyModule;

/// <summary>Does nothing. It has two parameters, so that it can be called in the same way as Send-FileDescriptor.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "Nothing")]
public sealed class InvokeNothingCommand : PSCmdlet
{
    /// <summary>Not used.</summary>
    [Parameter(Position = 0)]
    public object? First { get; set; }

    /// <summary>Not used.</summary>
    [Parameter(Position = 1)]
    public object? Second { get; set; }
}
