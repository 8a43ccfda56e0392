using System.Management.Automation;
using System.Net.Sockets;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Errors;

namespace PSFdPass.Commands;

/// <summary>Creates a Unix-domain socket that others can find by its path or its abstract name.</summary>
[Cmdlet(
    VerbsCommon.New, "UnixSocketListener", DefaultParameterSetName = PathSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(Socket))]
public sealed class NewUnixSocketListenerCommand : AddressedSocketCommand
{
    /// <summary>The number of connections that can wait to be accepted.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int Backlog { get; set; } = 128;

    /// <summary>The permissions of the socket's file: octal digits, as for chmod, or names. Connecting requires write permission.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [FileModeTransformation]
    [ArgumentCompleter(typeof(FileModeCompleter))]
    // A string, because for an enumeration PowerShell would offer its names and not call the completer.
    public string Mode { get; set; } = "0600";

    /// <summary>Replace a socket file on which no process listens.</summary>
    [Parameter(ParameterSetName = PathSet)]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Run(
        () =>
        {
            UnixSocketAddress address = GetAddress();
            if (ShouldProcess(address.ToString(), SR.Format(SR.ListenAction, SocketType)))
            {
                WriteSockets(UnixSocketListener.Create(
                    address, SocketType.ToSocketType(), Backlog, (UnixFileMode)Convert.ToInt32(Mode, 8), Force, Stopped));
                WriteVerbose(() => SR.Format(SR.Listening, address));
            }
        },
        AddressText);

    /// <inheritdoc/>
    protected override string? DescribeError(Exception exception) =>
        exception is SystemCallException { Call: "bind", ErrnoName: "EADDRINUSE" } error
            ? AddressInUse.Describe(GetAddress(), SocketType.ToSocketType(), error, Force)
            : null;
}
