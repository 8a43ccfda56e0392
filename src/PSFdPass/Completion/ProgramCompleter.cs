using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace PSFdPass.Completion;

/// <summary>Completes the names of programs on the PATH, and paths.</summary>
internal sealed class ProgramCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        bool isPath = wordToComplete.Length == 0 || wordToComplete.Contains('/') || wordToComplete[0] is '~' or '.' or '\'' or '"';
        IEnumerable<CompletionResult> programs = isPath
            ? []
            : CompletionCompleters.CompleteCommand(wordToComplete, null, CommandTypes.Application);
        return programs.Concat(CompletionCompleters.CompleteFilename(wordToComplete));
    }
}
