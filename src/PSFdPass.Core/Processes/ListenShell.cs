using System.Globalization;
using System.Text;
using PSFdPass.Interop;

namespace PSFdPass.Processes;

/// <summary>
/// The shell command that sets LISTEN_PID to its own process ID and then executes the program, so that LISTEN_PID is the process ID
/// of the program.
/// </summary>
/// <remarks>
/// POSIX shells drop variables whose names are not valid in the shell, and set some variables themselves. The variables that a
/// shell sets are restored, or removed if they did not exist before.
/// </remarks>
internal static class ListenShell
{
    /// <summary>The path of the shell, which almost every system has.</summary>
    public const string Path = "/bin/sh";

    // dash refuses to start when OPTIND is not a number. Every shell sets PPID itself, and bash does not allow it to be changed.
    private static readonly string[] Unusable = ["OPTIND", "PPID"];

    // Shells overwrite these variables, so their values are passed as arguments.
    private static readonly string[] Overwritten = ["PWD", "OLDPWD", "PS1", "PS2", "IFS"];

    // Shells create these variables if they don't exist. For example, bash creates SHLVL and _, busybox creates PATH.
    private static readonly string[] Created = ["PWD", "OLDPWD", "SHLVL", "_", "PATH"];

    /// <summary>Changes the environment for the shell, and returns the shell's arguments.</summary>
    /// <param name="program">The absolute path of the program.</param>
    /// <param name="arguments">The program's arguments, without its name.</param>
    /// <param name="names">The names of the descriptors; an empty list if they have no names.</param>
    /// <param name="count">The number of descriptors.</param>
    /// <param name="variables">The environment of the program, which is changed.</param>
    /// <param name="lost">The names of the variables that the shell would not pass to the program.</param>
    /// <exception cref="ArgumentException">
    /// Thrown when the number of names is not the number of descriptors, or a name is not valid.
    /// </exception>
    public static string[] Prepare(
        string program, IEnumerable<string> arguments, IList<string> names, int count, Dictionary<string, string> variables, out string[] lost)
    {
        CheckNames(names, count);
        variables.Remove("LISTEN_PID");
        variables.Remove("LISTEN_FDNAMES");
        variables["LISTEN_FDS"] = count.ToString(CultureInfo.InvariantCulture);
        if (names.Count > 0)
        {
            variables["LISTEN_FDNAMES"] = string.Join(':', names);
        }

        lost = [.. variables.Keys.Where(name => !IsIdentifier(name) || Unusable.Contains(name)).Order(StringComparer.Ordinal)];
        var script = new StringBuilder();
        string[] unset = [.. Created.Where(name => !variables.ContainsKey(name))];
        if (unset.Length > 0)
        {
            script.Append("unset ").AppendJoin(' ', unset).Append("; ");
        }

        foreach (string name in lost)
        {
            variables.Remove(name);
        }

        var kept = new List<string>();
        foreach (string name in Overwritten.Where(variables.ContainsKey))
        {
            kept.Add(variables[name]);
            script.Append(CultureInfo.InvariantCulture, $"{name}=$1; export {name}; shift; ");
        }

        script.Append("LISTEN_PID=$$; export LISTEN_PID; exec \"$@\"");
        return ["sh", "-c", script.ToString(), "sh", .. kept, program, .. arguments];
    }

    private static bool IsIdentifier(string name) =>
        !char.IsAsciiDigit(name[0]) && name.All(static character => char.IsAsciiLetterOrDigit(character) || character == '_');

    private static void CheckNames(IList<string> names, int count)
    {
        if (names.Count > 0 && names.Count != count)
        {
            throw new ArgumentException(SR.Format(SR.ListenNamesCount, names.Count, count));
        }

        if (names.FirstOrDefault(static name => name is not { Length: > 0 and <= 255 } || name.Any(static c => c is < ' ' or > '~' or ':')) is { } wrong)
        {
            throw new ArgumentException(SR.Format(SR.ListenNameInvalid, ShownText.Of(wrong)));
        }
    }
}
