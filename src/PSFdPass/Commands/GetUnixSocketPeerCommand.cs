using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Errors;

namespace PSFdPass.Commands;

/// <summary>Returns the process at the other end of a Unix-domain socket, as the kernel reports it.</summary>
[Cmdlet(VerbsCommon.Get, "UnixSocketPeer")]
[OutputType(typeof(UnixSocketPeer))]
public sealed class GetUnixSocketPeerCommand : FdPassCommand
{
    /// <summary>A connected Unix-domain socket: a Socket, a FileDescriptor, a NetworkStream, a SafeHandle, a DescriptorInfo or a descriptor's number.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(SocketNumberCompleter))]
    public object Socket { get; set; } = null!;

    /// <summary>Also open a process descriptor. Unlike a process ID, it never refers to another process.</summary>
    [Parameter]
    public SwitchParameter WithProcessDescriptor { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            var peer = UnixSocketPeer.Of(HandleOf(Socket), WithProcessDescriptor);
            if (WithProcessDescriptor && peer.ProcessDescriptor is null)
            {
                WriteWarning(SR.Format(SR.NoProcessDescriptor, peer.Describe()));
            }

            WriteObject(peer);
        }
        catch (Exception exception) when (ErrorRecords.IsExpected(exception))
        {
            WriteError(ErrorRecords.From(exception, Socket));
        }
    }
}
