using System.Collections;
using System.Management.Automation.Language;
using System.Management.Automation;
using PSFdPass.Interop;

namespace PSFdPass.Completion;

/// <summary>Completes the abstract names of sockets on which a process listens or receives datagrams.</summary>
internal sealed class AbstractNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string word = wordToComplete.Trim('\'', '"').TrimStart('@');
        foreach (NamedSocket socket in NamedSocket.Abstract(word))
        {
            string text = socket.Name.Any(static c => !char.IsLetterOrDigit(c) && c is not ('-' or '_' or '.' or '/' or ':'))
                ? $"'{CodeGeneration.EscapeSingleQuotedStringContent(socket.Name)}'"
                : socket.Name;
            yield return new CompletionResult(text, ShownText.Of(socket.Name), CompletionResultType.ParameterValue, socket.Description);
        }
    }
}
