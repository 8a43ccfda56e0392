using System.Globalization;
using PSFdPass.Benchmarks.Measuring;
using PSFdPass.Benchmarks.Report;

namespace PSFdPass.Benchmarks.Suites;

/// <summary>What importing the module costs a pwsh that has just started, beside a module with one empty cmdlet: time and memory.</summary>
internal sealed class ImportSuite : Suite
{
    private const double Megabyte = 1024 * 1024;
    private static readonly string[] Names = ["no module", "EmptyModule", "PSFdPass"];

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
                    "PSFdPass" => PwshSuite.Module,
                    "EmptyModule" => PwshSuite.EmptyModule,
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
        var table = new Table("", ">import, ms", ">from", ">to", ">times empty", ">private memory, MB", ">more than empty", ">resident, MB", ">more than empty");
        foreach (string name in Names.Where(name => _times[name].Count > 0))
        {
            Summary time = Summary.Of(_times[name]);
            bool isNone = name == "no module";
            table.Add(
                name,
                isNone ? "" : $"{time.Median:0.0}", isNone ? "" : $"{time.Min:0.0}", isNone ? "" : $"{time.Max:0.0}",
                isNone ? "" : $"{Summary.Ratio(_times[name], _times["EmptyModule"]).Median:0.00}",
                $"{Summary.Of(_private[name]).Median:0.0}", More(_private, name),
                $"{Summary.Of(_resident[name]).Median:0.0}", More(_resident, name));
        }

        page.Add("import", table, Notices);
    }

    private static string More(Dictionary<string, List<double>> values, string name) =>
        $"{Summary.Of(values[name]).Median - Summary.Of(values["EmptyModule"]).Median:+0.0;-0.0;0.0}";
}
