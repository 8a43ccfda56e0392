using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using PSFdPass.Interop;

namespace PSFdPass.Completion;

/// <summary>Completes the names of the descriptors that the holder in <c>-Holder</c> keeps.</summary>
internal sealed class SavedNameCompleter : IArgumentCompleter
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        if (fakeBoundParameters["Holder"] is not { } holder)
        {
            return [];
        }

        string word = wordToComplete.Trim('\'', '"');
        return Names(holder.ToString()!)
            .Where(name => name.StartsWith(word, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(static name => new CompletionResult(
                name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/')
                    ? name
                    : $"'{CodeGeneration.EscapeSingleQuotedStringContent(name)}'",
                ShownText.Of(name),
                CompletionResultType.ParameterValue,
                ShownText.Of(name)));
    }

    private static IReadOnlyList<string> Names(string holder)
    {
        try
        {
            using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
            shell.AddScript("param($path) $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($path)").AddArgument(holder);
            return shell.Invoke<string>() is [string path] ? new FdHolder(UnixSocketAddress.FromPath(path)).List(Patience) : [];
        }
        catch (Exception exception) when (Errors.ErrorRecords.IsExpected(exception))
        {
            return [];
        }
    }
}
