using System.Collections;
using System.Globalization;
using System.Management.Automation.Language;
using System.Management.Automation;
using PSFdPass.Interop;

namespace PSFdPass.Completion;

/// <summary>
/// Completes the ID of a process. The tooltip shows the name of the process and the number of its sockets. Processes that have sockets come
/// first. The word can be the beginning of the ID or of the name.
/// </summary>
public sealed class ProcessIdCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string word = wordToComplete.Trim('\'', '"');
        foreach (ProcessSummary process in ProcessSummary.All())
        {
            string id = process.ProcessId.ToString(CultureInfo.InvariantCulture);
            if (id.StartsWith(word, StringComparison.Ordinal) || process.Name.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            {
                string sockets = process.Sockets switch { 0 => "", 1 => ", 1 socket", _ => $", {process.Sockets} sockets" };
                yield return new CompletionResult(id, id, CompletionResultType.ParameterValue, ShownText.Of(process.Name) + sockets);
            }
        }
    }
}
