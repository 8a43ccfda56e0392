using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Interop;

namespace PSFdPass.Commands;

/// <summary>Returns the descriptors that a service manager passed to this process when it started it.</summary>
[Cmdlet(VerbsCommon.Get, "ActivationFileDescriptor")]
[OutputType(typeof(FileDescriptor))]
public sealed class GetActivationFileDescriptorCommand : FdPassCommand
{
    /// <summary>The names of the descriptors to return, which can contain wildcards; by default, all.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        WildcardPattern[] patterns = [.. Name.Select(name => WildcardPattern.Get(name, WildcardOptions.None))];
        IReadOnlyList<NamedDescriptor> taken = [];
        Run(() => taken = ActivationDescriptors.Take(name => patterns.Any(pattern => pattern.IsMatch(name))), null);
        foreach ((string name, FileDescriptor descriptor) in taken)
        {
            WriteVerbose(() => SR.Format(SR.TookActivation, ShownText.Of(name), descriptor));
            WriteObject(NamedOutput.Of(name, descriptor));
        }
    }
}
