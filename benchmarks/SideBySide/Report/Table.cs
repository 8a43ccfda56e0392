namespace PSFdPass.Benchmarks.Report;

/// <summary>A table of strings. A heading begins with <c>&gt;</c> if its column contains numbers.</summary>
internal sealed class Table(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row.</summary>
    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>Returns the table as Markdown. The columns are aligned, so that it is also readable as text.</summary>
    public override string ToString()
    {
        string[] names = [.. headings.Select(heading => heading.TrimStart('>'))];
        int[] widths = [.. names.Select((name, column) => Math.Max(3, _rows.Select(row => row[column].Length).Append(name.Length).Max()))];
        IEnumerable<string> rules = widths.Select((width, column) => IsNumber(column) ? new string('-', width - 1) + ":" : new string('-', width));
        return string.Join('\n', [Line(names, widths), Line([.. rules], widths), .. _rows.Select(row => Line(row, widths))]);
    }

    private string Line(string[] cells, int[] widths) =>
        "| " + string.Join(" | ", cells.Select((cell, column) => IsNumber(column) ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))) + " |";

    private bool IsNumber(int column) => headings[column].StartsWith('>');
}
