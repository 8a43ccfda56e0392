using System.Globalization;
using PSFdPass.Benchmarks.Measuring;
using PSFdPass.Benchmarks.Report;

namespace PSFdPass.Benchmarks.Suites;

/// <summary>
/// Measures the time and memory that importing the module takes in a new pwsh, beside those of a module with one empty cmdlet, and of
/// modules that also have a view for the prompt and a type file.
/// </summary>
internal sealed class ImportSuite : Suite
{
    private const double Megabyte = 1024 * 1024;
    private const string None = "no module";
    private const string Empty = "EmptyModule";
    private const string WithView = "EmptyModule with a view";
    private const string WithTypes = "EmptyModule with a view and a type file";
    private const string Ours = "PSFdPass";
    private static readonly string[] Names = [None, Empty, WithView, WithTypes, Ours];

    private readonly Dictionary<string, List<double>> _times = Names.ToDictionary(name => name, _ => new List<double>());
    private readonly Dictionary<string, List<double>> _resident = Names.ToDictionary(name => name, _ => new List<double>());
    private readonly Dictionary<string, List<double>> _private = Names.ToDictionary(name => name, _ => new List<double>());

    public override void Measure(Options options)
    {
        _ = Script("pwsh");
        for (int round = -1; round < options.Rounds; round++)
        {
            foreach (string name in Names)
            {
                string module = name switch
                {
                    Ours => PwshSuite.Module,
                    Empty => PwshSuite.EmptyModule,
                    WithView => PwshSuite.EmptyModuleWithView,
                    WithTypes => PwshSuite.EmptyModuleWithTypes,
                    _ => "",
                };
                string[] words = Tools.Output("pwsh", "-NoProfile", "-NonInteractive", "-File", Path.Combine(Tools.Benchmarks, "pwsh", "import.ps1"), module)?.Split(' ')
                    ?? throw new BenchmarkException($"{name} can't be imported.");
                if (round >= 0)
                {
                    _times[name].Add(double.Parse(words[0], CultureInfo.InvariantCulture));
                    _resident[name].Add(long.Parse(words[1]) / Megabyte);
                    _private[name].Add(long.Parse(words[2]) / Megabyte);
                }
            }
        }
    }

    public override void Report(Page page)
    {
        var table = new Table(
            "", ">import, ms", ">from", ">to", ">times empty", ">times with a view", ">times with both",
            ">private memory, MB", ">more than empty", ">resident, MB", ">more than empty");
        foreach (string name in Names.Where(name => _times[name].Count > 0))
        {
            string[] time = ["", "", "", "", "", ""];
            if (name != None)
            {
                Summary summary = Summary.Of(_times[name]);
                time = [$"{summary.Median:0.0}", $"{summary.Min:0.0}", $"{summary.Max:0.0}", Ratio(name, Empty), Ratio(name, WithView), Ratio(name, WithTypes)];
            }

            table.Add(
            [
                name, .. time,
                $"{Summary.Of(_private[name]).Median:0.0}", More(_private, name),
                $"{Summary.Of(_resident[name]).Median:0.0}", More(_resident, name),
            ]);
        }

        page.Add("import", table, Notices);
        if (_times[Ours].Count > 0)
        {
            page.Aims.AtMost("import", WithView, 1.27, Summary.Ratio(_times[Ours], _times[WithView]).Median);
            page.Aims.AtMost(
                "private memory more than", WithView, 0.8, Summary.Of(_private[Ours]).Median - Summary.Of(_private[WithView]).Median, " MB");
        }
    }

    private string Ratio(string name, string other) => $"{Summary.Ratio(_times[name], _times[other]).Median:0.00}";

    private static string More(Dictionary<string, List<double>> values, string name) =>
        $"{Summary.Of(values[name]).Median - Summary.Of(values[Empty]).Median:+0.0;-0.0;0.0}";
}
