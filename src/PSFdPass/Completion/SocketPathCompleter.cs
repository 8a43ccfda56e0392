using System.Collections;
using System.Management.Automation.Language;
using System.Management.Automation;

namespace PSFdPass.Completion;

/// <summary>Completes the paths of sockets, and of the folders that lead to them. Sockets on which a process listens come first.</summary>
internal sealed class SocketPathCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        // The shell's own completion of file names handles locations, drives and quotes. Its tooltips are the full paths.
        Dictionary<string, CompletionResult> found = LiteralPathCompleter.Complete(wordToComplete)
            .GroupBy(result => result.ToolTip)
            .ToDictionary(results => results.Key, results => results.First());
        foreach (NamedSocket socket in NamedSocket.InFiles(found.Keys))
        {
            CompletionResult result = found[socket.Name];
            yield return new CompletionResult(
                result.CompletionText, result.ListItemText, CompletionResultType.ParameterValue, socket.Description);
        }

        foreach (CompletionResult result in found.Values.Where(result => result.ResultType == CompletionResultType.ProviderContainer))
        {
            yield return result;
        }
    }
}
