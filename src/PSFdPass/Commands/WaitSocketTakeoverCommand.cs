using System.Collections;
using System.Management.Automation;
using System.Runtime.InteropServices;
using PSFdPass.Binding;
using PSFdPass.Completion;

namespace PSFdPass.Commands;

/// <summary>In a running server, waits until a successor has taken over its listeners and connections.</summary>
[Cmdlet(VerbsLifecycle.Wait, "SocketTakeover", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(UnixSocketPeer))]
public sealed class WaitSocketTakeoverCommand : FdPassCommand
{
    private readonly List<KeyValuePair<string, SafeHandle>> _descriptors = [];

    /// <summary>The path of the socket where the successor connects.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(SocketPathCompleter))]
    public string Path { get; set; } = "";

    /// <summary>The listeners and connections to hand over: objects that hold descriptors, or a dictionary with names as keys.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [ValidateNotNull]
    public object[] InputObject { get; set; } = [];

    /// <summary>The names of the descriptors, in order. By default, an object's Name property, or else its position.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>The time limit for a successor to become ready.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; } = 60;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (object item in InputObject)
        {
            Run(() => Add(item), item);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        UnixSocketPeer? successor = null;
        Run(
            () =>
            {
                if (_descriptors.Count == 0)
                {
                    throw new ArgumentException(SR.HandOverNothing);
                }

                if (Name.Length > _descriptors.Count)
                {
                    throw new ArgumentException(SR.Format(SR.HandOverNames, Quantity.OfNames(Name.Length), Quantity.OfDescriptors(_descriptors.Count)));
                }

                UnixSocketAddress address = UnixSocketAddress.FromPath(ResolvePath(Path));
                if (ShouldProcess(address.ToString(), SR.Format(SR.HandOverAction, Quantity.OfDescriptors(_descriptors.Count))))
                {
                    using var offer = SocketTakeoverOffer.Create(address, Stopped);
                    successor = offer.Wait(_descriptors, ToTimeout(TimeoutSeconds), WriteWarning, Stopped);
                }
            },
            Path);
        if (successor is not null)
        {
            WriteObject(successor);
        }
    }

    private void Add(object item)
    {
        if (Unwrap(item) is IDictionary dictionary)
        {
            foreach (DictionaryEntry entry in dictionary)
            {
                Add(entry.Key.ToString()!, entry.Value ?? throw new ArgumentException(SR.Format(SR.HandOverNull, entry.Key)));
            }
        }
        else
        {
            int position = _descriptors.Count;
            Add(position < Name.Length ? Name[position] : NamedOutput.NameOf(item) ?? $"{position}", item);
        }
    }

    private void Add(string name, object holder) =>
        _descriptors.Add(new(name, NamedOutput.HandleOf(ToHolder(holder))));
}
