using System.Collections;

namespace PSFdPass.Processes;

/// <summary>
/// The environment of a child: the variables of .NET (those of the C library can differ) with the caller's changes.
/// </summary>
internal static class ChildEnvironment
{
    /// <summary>Returns a new dictionary of the child's variables.</summary>
    /// <exception cref="ArgumentException">
    /// Thrown when a name is empty or contains '=', or when a name or value contains a null character.
    /// </exception>
    public static Dictionary<string, string> Create(IDictionary<string, string?> changes)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        foreach ((string name, string? value) in changes)
        {
            if (name.Length == 0 || name.Contains('=') || name.Contains('\0') || value?.Contains('\0') == true)
            {
                throw new ArgumentException(
                    SR.Format(SR.EnvironmentVariableInvalid, name));
            }

            if (value is null)
            {
                variables.Remove(name);
            }
            else
            {
                variables[name] = value;
            }
        }

        return variables;
    }
}
