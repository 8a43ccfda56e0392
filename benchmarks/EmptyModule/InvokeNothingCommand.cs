using System.Management.Automation;

namespace EmptyModule;

/// <summary>Does nothing. It takes two arguments, so that a call of it can be written like a call of Send-FileDescriptor.</summary>
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
