using System.Management.Automation;

namespace PSFdPass.Binding;

/// <summary>Selects descriptors by path, with wildcards. The name of an abstract socket counts as its path: <c>@name</c>.</summary>
internal sealed class PathFilter
{
    private readonly WildcardPattern[] _patterns;

    private PathFilter(IEnumerable<string> patterns)
    {
        _patterns = [.. patterns.Select(pattern => new WildcardPattern(pattern))];

        // A pattern that is not valid throws an exception when it is first used, so each is used once here.
        _ = Array.Exists(_patterns, static pattern => pattern.IsMatch(""));
    }

    /// <summary>Creates a filter from patterns.</summary>
    /// <param name="patterns">
    /// <c>*.log</c> matches every path that ends with <c>.log</c>. A pattern that begins with neither a wildcard, a <c>/</c> nor an
    /// <c>@</c> is relative to the shell's location.
    /// </param>
    /// <param name="resolvePath">Makes a path absolute.</param>
    public static PathFilter FromPatterns(IEnumerable<string> patterns, Func<string, string> resolvePath) =>
        new(patterns.SelectMany(pattern => Meanings(pattern, resolvePath)));

    /// <summary>Creates a filter from paths without wildcards.</summary>
    public static PathFilter FromLiterals(IEnumerable<string> paths, Func<string, string> resolvePath) =>
        new(paths.SelectMany(path => Literals(path.StartsWith('@') ? path : resolvePath(path))));

    /// <summary>Returns whether a descriptor's path matches.</summary>
    public bool Matches(DescriptorInfo info)
    {
        string? path = info.Path ?? (info.LocalEndPoint?.ToString() is ['@', ..] name ? name : null);
        return path is not null && _patterns.Any(pattern => pattern.IsMatch(path));
    }

    private static IEnumerable<string> Meanings(string pattern, Func<string, string> resolvePath)
    {
        if (!WildcardPattern.ContainsWildcardCharacters(pattern))
        {
            string path = WildcardPattern.Unescape(pattern);
            return Literals(path.StartsWith('@') ? path : resolvePath(path));
        }

        return [pattern is ['*' or '?' or '[' or '/' or '@', ..] ? pattern : MakeAbsolute(pattern, resolvePath)];
    }

    // A bracket in the location is a character of its name and not a wildcard.
    private static string MakeAbsolute(string pattern, Func<string, string> resolvePath)
    {
        string absolute = resolvePath(pattern);
        for (string? folder = resolvePath("."); folder is { Length: > 1 }; folder = Path.GetDirectoryName(folder))
        {
            if (absolute.StartsWith(folder + "/", StringComparison.Ordinal))
            {
                return WildcardPattern.Escape(folder) + absolute[folder.Length..];
            }
        }

        return absolute;
    }

    // A path may contain symbolic links, but the kernel reports the path of the file to which it leads.
    private static IEnumerable<string> Literals(string path) =>
        ((string?[])[path, path.StartsWith('@') ? null : RealPath(path)]).OfType<string>().Distinct().Select(WildcardPattern.Escape);

    private static string? RealPath(string path)
    {
        try
        {
            if (!OperatingSystem.IsLinux())
            {
                return null;
            }

            using var place = FileDescriptor.Open(path, new FileOpenOptions { PathOnly = true }, TimeSpan.Zero);
            return place.Target;
        }
        catch (Exception exception) when (exception is IOException or ArgumentException)
        {
            return null;
        }
    }
}
