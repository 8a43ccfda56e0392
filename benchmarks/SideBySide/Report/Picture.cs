using System.Globalization;
using System.Net;
using System.Text;

namespace PSFdPass.Benchmarks.Report;

/// <summary>Draws panels as SVG, one below the other. A panel contains bars, or lines with logarithmic scales.</summary>
internal sealed class Picture
{
    private const int Width = 820;
    private const int Left = 230;
    private const int Right = 110;
    private const int BarHeight = 22;
    private const int LinesHeight = 240;
    private const string OurColour = "#1f6feb";
    private static readonly string[] OurColours = [OurColour, "#79b8ff", "#0a3069"];
    private static readonly string[] TheirColours = ["#57606a", "#bf8700", "#1a7f37", "#cf222e", "#8250df", "#9a6700"];

    private readonly StringBuilder _body = new();
    private int _top = 10;

    /// <summary>Adds a panel of horizontal bars. Smaller is better unless the title says otherwise.</summary>
    public void AddBars(string title, string unit, IEnumerable<(string Name, double Value, bool IsOurs)> bars)
    {
        (string Name, double Value, bool IsOurs)[] all = [.. bars];
        if (all.Length == 0)
        {
            return;
        }

        AddTitle($"{title} ({unit})");
        double scale = (Width - Left - Right) / all.Max(bar => bar.Value);
        foreach ((string name, double value, bool isOurs) in all)
        {
            double width = value * scale;
            AddText(Left - 8, _top + 15, name, "end");
            _body.Append(Invariant($"""<rect x="{Left}" y="{_top + 3}" width="{width:0.0}" height="{BarHeight - 6}" fill="{(isOurs ? OurColour : TheirColours[0])}"/>""")).Append('\n');
            AddText(Left + width + 6, _top + 15, value >= 100 ? value.ToString("#,0", CultureInfo.InvariantCulture) : value.ToString("0.##", CultureInfo.InvariantCulture));
            _top += BarHeight;
        }

        _top += 18;
    }

    /// <summary>Adds a panel of lines. Both scales are logarithmic.</summary>
    public void AddLines(string title, string unit, int[] points, IEnumerable<(string Name, double[] Values, bool IsOurs)> lines)
    {
        (string Name, double[] Values, bool IsOurs)[] all = [.. lines];
        AddTitle($"{title} ({unit})");
        const int LegendWidth = 190;
        const int Bottom = 26;
        double low = Math.Log(all.Min(line => line.Values.Min()) * 0.9);
        double high = Math.Log(all.Max(line => line.Values.Max()) * 1.1);
        double X(int point) => 70 + ((Width - 70 - LegendWidth) * Math.Log(point) / Math.Log(points[^1]));
        double Y(double value) => _top + ((LinesHeight - Bottom) * (high - Math.Log(value)) / (high - low));

        foreach (int point in points)
        {
            _body.Append(Invariant($"""<line x1="{X(point):0.0}" y1="{_top}" x2="{X(point):0.0}" y2="{_top + LinesHeight - Bottom}" stroke="#d0d7de"/>""")).Append('\n');
            AddText(X(point), _top + LinesHeight - 8, $"{point}", "middle");
        }

        foreach (int mark in (int[])[100, 200, 500, 1000, 2000, 5000, 10000, 20000])
        {
            if (Math.Log(mark) > low && Math.Log(mark) < high)
            {
                _body.Append(Invariant($"""<line x1="70" y1="{Y(mark):0.0}" x2="{Width - LegendWidth}" y2="{Y(mark):0.0}" stroke="#d0d7de"/>""")).Append('\n');
                AddText(62, Y(mark) + 4, mark.ToString("#,0", CultureInfo.InvariantCulture), "end");
            }
        }

        int ours = 0;
        int theirs = 0;
        for (int i = 0; i < all.Length; i++)
        {
            (string name, double[] values, bool isOurs) = all[i];
            string colour = isOurs ? OurColours[ours++ % OurColours.Length] : TheirColours[theirs++ % TheirColours.Length];
            string path = string.Join(' ', values.Select((value, k) => Invariant($"{X(points[k]):0.0},{Y(value):0.0}")));
            _body.Append(Invariant($"""<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>""")).Append('\n');
            int y = _top + 14 + (i * 20);
            _body.Append(Invariant($"""<rect x="{Width - LegendWidth + 12}" y="{y - 5}" width="14" height="4" fill="{colour}"/>""")).Append('\n');
            AddText(Width - LegendWidth + 32, y, name);
        }

        _top += LinesHeight + 18;
    }

    /// <summary>Returns the picture as SVG.</summary>
    public override string ToString() => Invariant(
        $"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {_top}" width="{Width}" height="{_top}" font-family="sans-serif" font-size="12">
        <rect width="{Width}" height="{_top}" fill="#ffffff"/>
        {_body}</svg>

        """);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void AddTitle(string title)
    {
        _body.Append(Invariant($"""<text x="10" y="{_top + 14}" font-weight="bold" fill="#24292f">{WebUtility.HtmlEncode(title)}</text>""")).Append('\n');
        _top += 24;
    }

    private void AddText(double x, double y, string text, string anchor = "start") =>
        _body.Append(Invariant($"""<text x="{x:0.0}" y="{y:0.0}" text-anchor="{anchor}" fill="#24292f">{WebUtility.HtmlEncode(text)}</text>""")).Append('\n');
}
