using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace PSFdPass.Completion;

/// <summary>Completes the names of users, with their numbers as tooltips.</summary>
internal sealed class UserNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string word = wordToComplete.Trim('\'', '"');
        return
            from line in ReadUsers()
            let fields = line.Split(':')
            where fields.Length > 2 && fields[0].StartsWith(word, StringComparison.OrdinalIgnoreCase)
            orderby fields[0] != Environment.UserName, fields[0]
            select new CompletionResult(fields[0], fields[0], CompletionResultType.ParameterValue, SR.Format(SR.UserId, fields[2]));
    }

    // Reads passwd(5). It does not contain the users of a directory service, but their names can be typed.
    private static string[] ReadUsers()
    {
        try
        {
            return File.ReadAllLines("/etc/passwd");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
