using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace PSFdPass.Completion;

/// <summary>Completes a socket: first with the session's variables that hold sockets, then with descriptor numbers.</summary>
public abstract class SocketCompleter : DescriptorNumberCompleter
{
    /// <inheritdoc/>
    public override IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        SocketVariables.Complete(wordToComplete, info => IsOffered(info, fakeBoundParameters))
            .Concat(base.CompleteArgument(commandName, parameterName, wordToComplete, commandAst, fakeBoundParameters));
}

/// <summary>Completes the number of a Unix-domain socket, over which descriptors can be sent and received.</summary>
public sealed class SocketNumberCompleter : SocketCompleter
{
    /// <inheritdoc/>
    protected override bool IsOffered(DescriptorInfo info, IDictionary boundParameters) => info.Family == SocketFamily.Unix;
}

/// <summary>Completes the number of a listening socket of any family, on which connections can be accepted.</summary>
public sealed class ListenerNumberCompleter : SocketCompleter
{
    /// <inheritdoc/>
    protected override bool IsOffered(DescriptorInfo info, IDictionary boundParameters) => info.State == SocketState.Listening;
}
