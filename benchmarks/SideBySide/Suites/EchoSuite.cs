using System.Globalization;
using System.Net;
using System.Net.Sockets;
using PSFdPass.Benchmarks.Measuring;
using PSFdPass.Benchmarks.Report;

namespace PSFdPass.Benchmarks.Suites;

/// <summary>Measures how many users per second the players of the echo demo accept, greet, throw and greet again.</summary>
internal sealed class EchoSuite : Suite
{
    private const int Users = 3000;
    private const int Together = 16;
    private const int WarmUps = 4;
    private const string Ours = "PSFdPass";
    private const string CAndPython = "C and Python";
    private const string Go = "Go";

    private readonly List<Pair> _pairs = [];

    public override void Measure(Options options)
    {
        string users = Tools.BuildC(Peer("users.c"));
        using var folder = new WorkFolder();
        try
        {
            StartPairs(folder, users);
            Interleave(WarmUps, _pairs, pair => pair.Play());
            _pairs.ForEach(pair => pair.BeginTime());
            Interleave(options.Rounds, _pairs, pair => pair.Rates.Add(pair.Play()));
            _pairs.ForEach(pair => pair.EndTime());
        }
        finally
        {
            _pairs.ForEach(pair => pair.Dispose());
        }
    }

    public override void Report(Page page)
    {
        var table = new Table("quarterback and wide receiver", ">users a second", ">from", ">to", ">times C and Python", ">times Go",
            ">µs of processor a user", ">quarterback", ">wide receiver");
        foreach (Pair pair in _pairs.Where(pair => pair.Rates.Count > 0))
        {
            Summary rate = Summary.Of(pair.Rates);
            table.Add(pair.Name, Whole(rate.Median), Whole(rate.Min), Whole(rate.Max), Ratio(pair, CAndPython), Ratio(pair, Go),
                $"{pair.QuarterbackTime + pair.ReceiverTime:0.0}", $"{pair.QuarterbackTime:0.0}", $"{pair.ReceiverTime:0.0}");
        }

        page.Add("echo", table, Notices);
        AddAims(page.Aims);
        page.Picture.AddBars(
            "Users of the echo demo, more is better", "a second",
            _pairs.Where(pair => pair.Rates.Count > 0)
                .Select(pair => (pair.Name, Summary.Of(pair.Rates).Median, pair.Name.StartsWith(Ours, StringComparison.Ordinal))));
    }

    private static string Whole(double value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    private void AddAims(Aims aims)
    {
        foreach (Pair ours in _pairs.Where(pair => pair.Name.StartsWith(Ours, StringComparison.Ordinal) && pair.Rates.Count > 0))
        {
            foreach (string other in (string[])[CAndPython, Go])
            {
                if (RatioTo(ours, other) is { } ratio)
                {
                    aims.MoreThan($"users a second, {ours.Name[(Ours.Length + 2)..]}", other, other == CAndPython ? 1.1 : 1, ratio);
                }
            }

            if (_pairs.Find(static one => one.Name == CAndPython) is { Rates.Count: > 0 } than)
            {
                aims.AtMost($"processor time a user, {ours.Name[(Ours.Length + 2)..]}", CAndPython, 0.8,
                    (ours.QuarterbackTime + ours.ReceiverTime) / (than.QuarterbackTime + than.ReceiverTime));
            }
        }
    }

    private string Ratio(Pair pair, string other) => $"{RatioTo(pair, other):0.00}";

    private double? RatioTo(Pair pair, string other) =>
        _pairs.Find(one => one.Name == other) is { Rates.Count: > 0 } than ? Summary.Ratio(pair.Rates, than.Rates).Median : null;

    private void StartPairs(WorkFolder folder, string users)
    {
        string tests = Path.Combine(Tools.Root, "tests", "peers");
        Add(CAndPython, socket => Script("python3", Path.Combine(tests, "wide_receiver.py"), socket),
            (port, socket) => [Tools.BuildC(Path.Combine(tests, "quarterback.c")), port, socket]);
        Add(Go, socket => [Tools.BuildGo(Peer("wide_receiver.go")), socket],
            (port, socket) => [Tools.BuildGo(Peer("quarterback.go")), port, socket]);
        string demo = Path.Combine(Tools.Root, "artifacts", "bin", "EchoDemo", "release", "EchoDemo");
        Add($"{Ours}, samples/EchoDemo", socket => [demo, "WideReceiver", "--socket", socket],
            (port, socket) => [demo, "Quarterback", "--socket", socket, "--port", port]);
        Add($"{Ours}, Start-FdEchoDemo", socket => Demo("WideReceiver", "0", socket), (port, socket) => Demo("Quarterback", port, socket));

        void Add(string name, Func<string, string[]> receiver, Func<string, string, string[]> quarterback)
        {
            string socket = folder.Socket($"{_pairs.Count}");
            string port = FreePort();
            if (TryPeer(name, () => [.. receiver(socket), "\n", .. quarterback(port, socket)]) is { } both)
            {
                int end = Array.IndexOf(both, "\n");
                _pairs.Add(new Pair(name, both[..end], both[(end + 1)..], users, port));
            }
        }
    }

    private static string[] Demo(string role, string port, string socket) => Script(
        "pwsh", "-NoProfile", "-NonInteractive", "-Command",
        $"Import-Module '{PwshSuite.Module}'; Start-FdEchoDemo -Role {role} -Port {port} -SocketPath '{socket}'");

    private static string FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return $"{((IPEndPoint)probe.LocalEndPoint!).Port}";
    }

    /// <summary>Two players and their users. The logs go to <c>/dev/null</c>.</summary>
    private sealed class Pair : IDisposable
    {
        private const int SIGTERM = 15;
        private readonly Worker _receiver;
        private readonly Worker _quarterback;
        private readonly Worker _users;

        public Pair(string name, string[] receiver, string[] quarterback, string users, string port)
        {
            Name = name;
            _receiver = Player(receiver);
            _quarterback = Player(quarterback);
            WaitFor(int.Parse(port));
            _users = new Worker($"The users of {name}", null, users, port);
        }

        public string Name { get; }

        public List<double> Rates { get; } = [];

        /// <summary>Gets the processor time of the quarterback per user, in microseconds.</summary>
        public double QuarterbackTime { get; private set; }

        /// <summary>Gets the processor time of the wide receiver per user, in microseconds.</summary>
        public double ReceiverTime { get; private set; }

        public double Play() => Users / (long.Parse(_users.Ask($"users {Users} {Together}")) / 1e9);

        public void BeginTime() => (QuarterbackTime, ReceiverTime) = (ProcessTime.Of(_quarterback.Id).Whole, ProcessTime.Of(_receiver.Id).Whole);

        public void EndTime()
        {
            double microseconds = 1e3 * Users * Rates.Count;
            QuarterbackTime = (ProcessTime.Of(_quarterback.Id).Whole - QuarterbackTime) / microseconds;
            ReceiverTime = (ProcessTime.Of(_receiver.Id).Whole - ReceiverTime) / microseconds;
        }

        public void Dispose()
        {
            _users.Dispose();
            _ = Libc.Kill(_quarterback.Id, SIGTERM);
            _ = Libc.Kill(_receiver.Id, SIGTERM);
            _quarterback.Dispose();
            _receiver.Dispose();
        }

        private static Worker Player(string[] command) =>
            new(Path.GetFileName(command[0]), null, ["/bin/sh", "-c", "exec \"$@\" > /dev/null", "player", .. command]);

        private void WaitFor(int port)
        {
            for (int tries = 0; tries < 400; tries++)
            {
                using var user = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000 };
                try
                {
                    user.Connect(IPAddress.Loopback, port);
                    if (user.Receive(new byte[64]) > 0)
                    {
                        return;
                    }
                }
                catch (SocketException)
                {
                    Thread.Sleep(50);
                }
            }

            throw new BenchmarkException($"{Name}: the players don't answer.");
        }
    }
}
