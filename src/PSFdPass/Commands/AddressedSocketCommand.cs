using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Completion;

namespace PSFdPass.Commands;

/// <summary>The base of the cmdlets that accept the address of a Unix-domain socket: <c>-Path</c> or <c>-AbstractName</c>.</summary>
public abstract class AddressedSocketCommand : SocketMakingCommand
{
    /// <summary>The name of the parameter set with <c>-Path</c>.</summary>
    protected const string PathSet = "Path";

    /// <summary>The name of the parameter set with <c>-AbstractName</c>.</summary>
    protected const string AbstractNameSet = "AbstractName";

    /// <summary>The socket's file; a relative path is relative to the shell's location.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(SocketPathCompleter))]
    public string? Path { get; set; }

    /// <summary>On Linux, a name without a file, which exists as long as a socket is bound to it. A leading @ is removed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = AbstractNameSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(AbstractNameCompleter))]
    public string? AbstractName { get; set; }

    /// <summary>Stream for bytes; SeqPacket and Datagram keep the boundaries of messages.</summary>
    [Parameter]
    public UnixSocketKind SocketType { get; set; }

    /// <summary>Gets the address as the user wrote it, for messages.</summary>
    protected string AddressText => Path ?? AbstractName!;

    /// <summary>Returns the address.</summary>
    protected UnixSocketAddress GetAddress() => Path is null
        ? UnixSocketAddress.FromAbstractName(AbstractName!.StartsWith('@') ? AbstractName[1..] : AbstractName)
        : UnixSocketAddress.FromPath(ResolvePath(Path));
}
