using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Completion;
using PSFdPass.Facts;

namespace PSFdPass.Commands;

/// <summary>The parameters of the cmdlets that work with a descriptor holder.</summary>
public abstract class HolderCommand : FdPassCommand
{
    /// <summary>The name of the parameter set with <c>-Holder</c>.</summary>
    protected const string HolderSet = "Holder";

    private HashSet<uint>? _users;

    /// <summary>The path of the socket of an s6-fdholderd.</summary>
    [Parameter(Mandatory = true, ParameterSetName = HolderSet, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(SocketPathCompleter))]
    public string Holder { get; set; } = "";

    /// <summary>The users that the holder may run as, by name or number; by default, root and this user.</summary>
    [Parameter(ParameterSetName = HolderSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(UserNameCompleter))]
    public string[]? RequireUser { get; set; }

    /// <summary>The time limit for the holder's answer, or for space in the service manager's queue.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    /// <summary>Gets the time limit.</summary>
    protected TimeSpan Limit => ToTimeout(TimeoutSeconds);

    /// <inheritdoc/>
    protected override void BeginProcessing() => Run(() => _users = RequireUser?.Select(UserNames.Find).ToHashSet(), RequireUser);

    /// <summary>Returns a client for the holder.</summary>
    protected FdHolder GetHolder() => new(UnixSocketAddress.FromPath(ResolvePath(Holder)), _users);
}
