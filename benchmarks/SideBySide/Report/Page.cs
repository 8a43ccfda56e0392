using System.Text;

namespace PSFdPass.Benchmarks.Report;

/// <summary>What one run has found: the parts of docs/performance.md that stand between its markers, and its picture.</summary>
internal sealed class Page
{
    private readonly Dictionary<string, string> _parts = [];

    /// <summary>The picture, docs/performance.svg.</summary>
    public Picture Picture { get; } = new();

    /// <summary>What was aimed at.</summary>
    public Aims Aims { get; } = new();

    /// <summary>Adds what stands between the markers of a name.</summary>
    public void Add(string name, object content, IReadOnlyCollection<string>? notices = null) =>
        _parts[name] = content + string.Concat((notices ?? []).Select(notice => $"\n\n{notice}"));

    /// <summary>Everything, to be read in a terminal.</summary>
    public string ToConsole()
    {
        var text = new StringBuilder();
        foreach ((string name, string content) in _parts)
        {
            text.Append($"\n[{name}]\n{content}\n");
        }

        return text.ToString();
    }

    /// <summary>Writes the page and the picture. What stands outside the markers stays as it is.</summary>
    public void Write(string folder)
    {
        string path = Path.Combine(folder, "performance.md");
        string page = File.ReadAllText(path);
        foreach ((string name, string content) in _parts)
        {
            string begin = $"<!-- begin {name} -->";
            string end = $"<!-- end {name} -->";
            int from = page.IndexOf(begin, StringComparison.Ordinal);
            int to = page.IndexOf(end, StringComparison.Ordinal);
            if (from < 0 || to < from)
            {
                throw new BenchmarkException($"{path} has no place for {name}: {begin} … {end}");
            }

            page = $"{page[..(from + begin.Length)]}\n{content}\n{page[to..]}";
        }

        File.WriteAllText(path, page);
        File.WriteAllText(Path.Combine(folder, "performance.svg"), Picture.ToString());
    }
}
