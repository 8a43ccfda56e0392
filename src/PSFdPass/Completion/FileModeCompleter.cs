using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace PSFdPass.Completion;

/// <summary>Completes permissions that are usual for the file of a socket.</summary>
internal sealed class FileModeCompleter : IArgumentCompleter
{
    private static readonly (string Digits, Func<string> Description)[] s_usual =
        [("0600", static () => SR.ModeOwner), ("0660", static () => SR.ModeGroup), ("0666", static () => SR.ModeEverybody)];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        from mode in s_usual
        where mode.Digits.StartsWith(wordToComplete.Trim('\'', '"'), StringComparison.Ordinal)
        select new CompletionResult(mode.Digits, mode.Digits, CompletionResultType.ParameterValue, mode.Description());
}
