using System.Management.Automation;

namespace PSFdPass.Binding;

/// <summary>Paths as the shell understands them: relative to its location, with its drives and its wildcards.</summary>
internal static class ShellPaths
{
    /// <summary>Converts a path of the shell to a path in the file system. Wildcard characters have no special meaning.</summary>
    /// <exception cref="ArgumentException">Thrown when the path belongs to another provider, such as <c>Env:</c>.</exception>
    /// <exception cref="System.Management.Automation.DriveNotFoundException">Thrown when the drive does not exist.</exception>
    public static string Resolve(SessionState session, string path)
    {
        string resolved = session.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
        return provider.Name == "FileSystem" ? resolved : throw NotInFileSystem(path, provider);
    }

    /// <summary>Returns the files that a path with wildcards matches. An escaped wildcard stands for itself.</summary>
    /// <exception cref="ItemNotFoundException">Thrown when a path with wildcards matches no file.</exception>
    /// <exception cref="WildcardPatternException">Thrown when the pattern is not valid.</exception>
    /// <inheritdoc cref="Resolve"/>
    public static IReadOnlyList<string> Expand(SessionState session, string path)
    {
        if (!WildcardPattern.ContainsWildcardCharacters(path))
        {
            return [Resolve(session, WildcardPattern.Unescape(path))];
        }

        IReadOnlyList<string> found = [.. session.Path.GetResolvedProviderPathFromPSPath(path, out ProviderInfo provider)];
        if (provider.Name != "FileSystem")
        {
            throw NotInFileSystem(path, provider);
        }

        if (found.Count > 0)
        {
            return found;
        }

        // Other commands, such as Resolve-Path, return paths with brackets unescaped.
        string literal = Resolve(session, path);
        return Path.Exists(literal) ? [literal] : throw new ItemNotFoundException(
            SR.Format(SR.NoFileMatches, path));
    }

    private static ArgumentException NotInFileSystem(string path, ProviderInfo provider) =>
        new(SR.Format(SR.NotInFileSystem, path, provider.Name));
}
