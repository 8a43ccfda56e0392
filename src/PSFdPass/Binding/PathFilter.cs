using System.Management.Automation;

namespace PSFdPass.Binding;

/// <summary>Chooses descriptors by path, with wildcards. The name of an abstract socket counts as its path: <c>@name</c>.</summary>
internal sealed class PathFilter
{
    private readonly WildcardPattern[] _patterns;

    /// <summary>Takes the patterns as the user gives them.</summary>
    /// <param name="patterns">
    /// <c>*.log</c> means a path that ends like that, wherever it is; what begins with neither a wildcard, a <c>/</c> nor an
    /// <c>@</c> is relative to the shell's location.
    /// </param>
    /// <param name="resolvePath">Makes a path absolute.</param>
    public PathFilter(string[] patterns, Func<string, string> resolvePath) =>
        _patterns = [.. patterns.SelectMany(pattern => Meanings(pattern, resolvePath)).Select(meaning => new WildcardPattern(meaning))];

    /// <summary>Whether a descriptor's path is one of those that are wanted.</summary>
    public bool Matches(DescriptorInfo info)
    {
        string? path = info.Path ?? (info.LocalEndPoint?.ToString() is ['@', ..] name ? name : null);
        return path is not null && _patterns.Any(pattern => pattern.IsMatch(path));
    }

    private static IEnumerable<string> Meanings(string pattern, Func<string, string> resolvePath)
    {
        if (pattern is ['*' or '?' or '[' or '/' or '@', ..])
        {
            yield return pattern;
        }
        else
        {
            pattern = resolvePath(pattern);
            yield return pattern;
        }

        // A path may lead over links, and the kernel tells where it ends up.
        if (!WildcardPattern.ContainsWildcardCharacters(pattern) && RealPath(pattern) is { } real && real != pattern)
        {
            yield return WildcardPattern.Escape(real);
        }
    }

    private static string? RealPath(string path)
    {
        try
        {
            return FileOpener.RealPathOf(path);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
