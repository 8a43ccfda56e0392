using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using PSFdPass.Binding;

namespace PSFdPass.Completion;

/// <summary>Completes the names of encodings.</summary>
public sealed class EncodingCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        from name in EncodingTransformationAttribute.Names.Keys
        where name.StartsWith(wordToComplete.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase)
        select new CompletionResult(name, name, CompletionResultType.ParameterValue, EncodingTransformationAttribute.Names[name].EncodingName);
}
