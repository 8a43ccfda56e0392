using System.Text.RegularExpressions;

namespace PSFdPass.Tests;

/// <summary>The patterns of unidiomatic prose that occurred most often do not come back.</summary>
public sealed class ProseTests
{
    private static readonly string[] Places =
        ["src", "docs", "PSFdPass", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "PSFdPass.psd1"];

    private static readonly string[] Extensions = [".cs", ".md", ".ps1", ".psd1", ".ps1xml", ".xml", ".txt", ".resx", ".csproj"];

    // In the order of the table in the design: each pattern, and words to use instead.
    private static readonly (string Pattern, string Instead)[] Patterns =
    [
        (@"\b(unless|if|otherwise than|than) (it is |they are )?told\b|\btold otherwise\b", "by default; with -X"),
        (@"\bWhat of\b", "name the thing"),
        (@"\b[Ww]hoever\b", "every process that; the user who"),
        (@"<summary>\s*(/// )?(What|Who|Whether|Where|How)\b", "Gets …; The …; Returns …"),
        (@"(?<!\b([Tt]here|[Ii]t)\s+)\b(is|are|was|were) no (?!longer\b|more than\b|less than\b|fewer\b)[a-z]", "is not a"),
        (@"'s to (close|dispose|read|use|keep|free|own)\b", "the caller must close it"),
        (@"\byours to (close|dispose)\b", "close it when you no longer need it"),
        (@"\b([Tt]ells?|told)\b", "report, return, show, distinguish"),
        (@"\b[Ff]or ever\b", "indefinitely; without a limit"),
        (@"\b[Mm]eanwhile\b", "(leave it out)"),
        (@"\b[Bb]y now\b", "now; (leave it out)"),
        (@"\b[Aa]ll the same\b", "anyway"),
        (@"\b[Aa]s what\b", "the type in which; such as"),
        (@"\bto be had\b", "available"),
        (@"\b(not|nothing|nobody|none) ([a-z]+ )*any more\b", "no longer"),
        (@"\bborn\b|\b[Bb]elieves?\b", "created; assumes"),
        (@"\bEnds to [a-z]+", "stops …ing"),
        (@"\b[Gg]ives nothing\b", "returns nothing; there is no output"),
        (@"\bmends?\b", "fix, correct, set"),
        (@"<exception cref=""[^""]+"">(?>\s*(///\s*)?)(?!Thrown when\b)", "Thrown when …"),
        (@"\b[Cc]ancelled\b", "canceled"),
    ];

    [Fact]
    public void The_recurring_patterns_do_not_occur()
    {
        List<string> found = [];
        int files = 0;
        foreach (string path in Places.SelectMany(Files))
        {
            files++;
            string text = File.ReadAllText(path);
            foreach ((string pattern, string instead) in Patterns)
            {
                foreach (Match match in Regex.Matches(text, pattern))
                {
                    int line = text.AsSpan(0, match.Index).Count('\n') + 1;
                    found.Add($"{Path.GetRelativePath(Repository.Root, path)}:{line}: '{match.Value}'. Instead: {instead}.");
                }
            }
        }

        Assert.True(files > 200, $"Only {files} files were read.");
        Assert.True(found.Count == 0, string.Join("\n", found));
    }

    [Theory]
    [InlineData("Stream unless told.", true)]
    [InlineData("-1 is no descriptor", true)]
    [InlineData("There is no descriptor.", false)]
    [InlineData("It is no longer open.", false)]
    [InlineData("the caller's to dispose", true)]
    [InlineData("The caller must dispose it.", false)]
    [InlineData("FullLength tells", true)]
    [InlineData("/// <summary>Whether it is open.</summary>", true)]
    [InlineData("/// <summary>Gets a value indicating whether it is open.</summary>", false)]
    [InlineData("/// <summary>Returns whether it is open.</summary>", false)]
    [InlineData("waits for ever", true)]
    [InlineData("for every process", false)]
    [InlineData("it is not reported any more", true)]
    [InlineData("close-on-exec from birth", false)]
    [InlineData("<exception cref=\"IOException\">The file is closed.</exception>", true)]
    [InlineData("<exception cref=\"IOException\">\n    /// The file is closed.", true)]
    [InlineData("<exception cref=\"IOException\">\n    /// Thrown when the file is closed.", false)]
    [InlineData("The wait was cancelled.", true)]
    public void The_patterns_match_unidiomatic_sentences_and_no_ordinary_ones(string text, bool isFound) =>
        Assert.Equal(isFound, Patterns.Any(pattern => Regex.IsMatch(text, pattern.Pattern)));

    private static IEnumerable<string> Files(string place)
    {
        string path = Path.Combine(Repository.Root, place);
        return File.Exists(path)
            ? [path]
            : Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
                .Where(file => Extensions.Contains(Path.GetExtension(file)))
                .Where(file => !Path.GetRelativePath(path, file).Split('/').Any(folder => folder is "bin" or "obj"));
    }
}
