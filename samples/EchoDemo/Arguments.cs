using System.Globalization;
using System.Net;
using PSFdPass.Echo;

namespace PSFdPass.Samples;

/// <summary>The command line of the demo.</summary>
internal sealed record Arguments
{
    public const string Usage =
        $"""
        Usage: EchoDemo [All|Quarterback|WideReceiver] [options]
          --say TEXT         play the user too: connect, type TEXT, show what comes back, and end; may be repeated
          --port N           the port where users connect (default: 8000, or a free one with --say; 0 selects a free one)
          --listen ADDRESS   the address where users connect (default: 127.0.0.1)
          --socket PATH      the Unix-domain socket between the players (default: {EchoDemoOptions.DefaultSocket})
          --force            replace a socket that a wide receiver left behind
          --allow-any-user   allow players of other users
          --allow-unix       allow users on Unix-domain sockets
          --stop-with-input  stop when the standard input ends
          --help             show this
        """;

    public EchoRole Role { get; private set; }

    public List<string> Say { get; } = [];

    public bool StopsWithInput { get; private set; }

    public bool WantsHelp { get; private set; }

    private int? Port { get; set; }

    private IPAddress Address { get; set; } = IPAddress.Loopback;

    private string SocketPath { get; set; } = EchoDemoOptions.DefaultSocket;

    private bool Force { get; set; }

    private bool AllowAnyUser { get; set; }

    private bool AllowUnix { get; set; }

    public static Arguments Parse(string[] words)
    {
        var arguments = new Arguments();
        var rest = new Queue<string>(words);
        while (rest.TryDequeue(out string? word))
        {
            switch (word)
            {
                case "--say":
                    arguments.Say.Add(Value(word, rest));
                    break;
                case "--port":
                    string port = Value(word, rest);
                    arguments.Port = ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number)
                        ? number
                        : throw new ArgumentException($"{port} is not a port. Use 0 to 65535.");
                    break;
                case "--listen":
                    string address = Value(word, rest);
                    arguments.Address = IPAddress.TryParse(address, out IPAddress? parsed)
                        ? parsed
                        : throw new ArgumentException($"{address} is not an IP address.");
                    break;
                case "--socket":
                    arguments.SocketPath = Value(word, rest);
                    break;
                case "--force":
                    arguments.Force = true;
                    break;
                case "--allow-any-user":
                    arguments.AllowAnyUser = true;
                    break;
                case "--allow-unix":
                    arguments.AllowUnix = true;
                    break;
                case "--stop-with-input":
                    arguments.StopsWithInput = true;
                    break;
                case "--help" or "-h":
                    arguments.WantsHelp = true;
                    break;
                default:
                    arguments.Role = Enum.TryParse(word, ignoreCase: true, out EchoRole role) && Enum.IsDefined(role)
                        ? role
                        : throw new ArgumentException($"{word} is neither a role nor an option.");
                    break;
            }
        }

        return arguments.Role == EchoRole.WideReceiver && arguments.Say.Count > 0
            ? throw new ArgumentException("Users connect to a quarterback: use --say with All or Quarterback.")
            : arguments;
    }

    public EchoDemoOptions ToOptions() => new()
    {
        Role = Role,
        Listen = new IPEndPoint(Address, Port ?? (Say.Count > 0 ? 0 : EchoDemoOptions.DefaultPort)),
        SocketPath = SocketPath,
        ReplaceStale = Force,
        AllowAnyUser = AllowAnyUser,
        AllowUnixConnections = AllowUnix,
    };

    /// <summary>Returns the arguments for a wide receiver in another process, with the same options.</summary>
    public string[] ForWideReceiver() =>
    [
        "WideReceiver", "--socket", SocketPath, "--stop-with-input",
        .. AllowAnyUser ? (string[])["--allow-any-user"] : [],
        .. AllowUnix ? (string[])["--allow-unix"] : [],
    ];

    private static string Value(string option, Queue<string> rest) =>
        rest.TryDequeue(out string? value) ? value : throw new ArgumentException($"{option} needs a value.");
}
