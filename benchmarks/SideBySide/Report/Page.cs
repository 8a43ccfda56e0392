using System.Text;

namespace PSFdPass.Benchmarks.Report;

/// <summary>The results of one run: the parts of docs/performance.md that are between its markers, and its picture.</summary>
internal sealed class Page
{
    private readonly Dictionary<string, string> _parts = [];

    /// <summary>Gets the picture, docs/performance.svg.</summary>
    public Picture Picture { get; } = new();

    /// <summary>Gets the aims.</summary>
    public Aims Aims { get; } = new();

    /// <summary>Adds the content that goes between the markers with the specified name.</summary>
    public void Add(string name, object content, IReadOnlyCollection<string>? notices = null) =>
        _parts[name] = content + string.Concat((notices ?? []).Select(notice => $"\n\n{notice}"));

    /// <summary>Returns all parts as text for a terminal.</summary>
    public string ToConsole()
    {
        var text = new StringBuilder();
        foreach ((string name, string content) in _parts)
        {
            text.Append($"\n[{name}]\n{content}\n");
        }

        return text.ToString();
    }

    /// <summary>Writes the page and the picture. The text outside the markers is not changed.</summary>
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
