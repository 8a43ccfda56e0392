using System.Collections;
using System.Globalization;
using System.Management.Automation.Language;
using System.Management.Automation;
using PSFdPass.Interop;

namespace PSFdPass.Completion;

/// <summary>
/// Completes the number of a descriptor of this process, or of the process in <c>-ProcessId</c>. The tooltip describes the descriptor.
/// The word can be the beginning of the number, or a part of the target: <c>hostn</c> completes to the number of the descriptor of
/// <c>/etc/hostname</c>.
/// </summary>
public class DescriptorNumberCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public virtual IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        int process = LanguagePrimitives.TryConvertTo(fakeBoundParameters["ProcessId"], out int given) && given > 0
            ? given
            : Environment.ProcessId;
        string word = wordToComplete.Trim('\'', '"');
        try
        {
            return
            [
                .. from info in new DescriptorInspector().List(process)
                   where Matches(info, word) && IsOffered(info, fakeBoundParameters)
                   // The descriptors that the user has opened come before dozens of the runtime's own.
                   orderby info.IsRuntimeOwned || (IsOurs(info) && info.IsStandardStream)
                   select ToResult(info),
            ];
        }
        catch (Exception exception) when (exception is IOException or NotSupportedException)
        {
            // The process does not exist, or this user may not inspect it.
            return [];
        }
    }

    /// <summary>Returns whether a descriptor is offered.</summary>
    protected virtual bool IsOffered(DescriptorInfo info, IDictionary boundParameters) => true;

    private static bool IsOurs(DescriptorInfo info) => info.ProcessId == Environment.ProcessId;

    private static bool Matches(DescriptorInfo info, string word) =>
        Number(info).StartsWith(word, StringComparison.Ordinal) || info.Target.Contains(word, StringComparison.OrdinalIgnoreCase);

    private static CompletionResult ToResult(DescriptorInfo info) =>
        new(Number(info), Number(info), CompletionResultType.ParameterValue, ShownText.Of($"{info.Kind} {info.Target}".TrimEnd()));

    private static string Number(DescriptorInfo info) => info.Fd.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Completes the number of a descriptor that may be closed. Standard streams and the runtime's own require <c>-Force</c>.</summary>
public sealed class ClosableNumberCompleter : DescriptorNumberCompleter
{
    /// <inheritdoc/>
    protected override bool IsOffered(DescriptorInfo info, IDictionary boundParameters) =>
        boundParameters.Contains("Force") || !(info.IsRuntimeOwned || info.IsStandardStream);
}
