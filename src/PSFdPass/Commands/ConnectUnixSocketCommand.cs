using System.Management.Automation;
using System.Net.Sockets;
using PSFdPass.Binding;
using PSFdPass.Completion;

namespace PSFdPass.Commands;

/// <summary>Connects to a Unix-domain socket by its path or its abstract name.</summary>
[Cmdlet(VerbsCommunications.Connect, "UnixSocket", DefaultParameterSetName = PathSet)]
[OutputType(typeof(Socket))]
public sealed class ConnectUnixSocketCommand : AddressedSocketCommand
{
    /// <summary>The time limit for the listener to accept the connection, and with -Wait for it to exist.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    /// <summary>Wait until the socket exists and accepts connections.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>The users that the listener may run as, by name or number. If it runs as another user, the connection is closed.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(UserNameCompleter))]
    public string[]? RequireUser { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Run(
        () =>
        {
            HashSet<uint>? users = RequireUser?.Select(UnixSocketPeer.FindUser).ToHashSet();
            UnixSocketAddress address = GetAddress();
            WriteSockets(UnixSocket.Connect(address, SocketType.ToSocketType(), ToTimeout(TimeoutSeconds), Wait, users, Stopped));
            WriteVerbose(() => SR.Format(SR.Connected, address));
        },
        AddressText);

    /// <inheritdoc/>
    protected override string? AdviceOn(Exception exception) =>
        exception is SystemCallException { Call: "connect", ErrnoName: "ENOENT" or "ECONNREFUSED" } && !Wait ? SR.WaitForListener : null;
}
