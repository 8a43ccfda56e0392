using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace PSFdPass.Completion;

/// <summary>Completes literal paths, without the escape characters that PowerShell puts before brackets.</summary>
internal sealed class LiteralPathCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Complete(wordToComplete);

    /// <summary>Completes a path. The tooltips are the full paths.</summary>
    public static IEnumerable<CompletionResult> Complete(string word) =>
        from result in CompletionCompleters.CompleteFilename(word)
        select new CompletionResult(Unescape(result.CompletionText), result.ListItemText, result.ResultType, result.ToolTip);

    private static string Unescape(string text)
    {
        if (!text.Contains('`'))
        {
            return text;
        }

        char quote = text[0];
        string path = WildcardPattern.Unescape(
            text.Length > 1 && quote is '\'' or '"' && text[^1] == quote ? text[1..^1].Replace("''", "'") : text);
        return $"'{CodeGeneration.EscapeSingleQuotedStringContent(path)}'";
    }
}
