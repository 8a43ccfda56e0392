using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace PSFdPass.Echo;

/// <summary>The options of the echo demo.</summary>
public sealed record EchoDemoOptions
{
    /// <summary>The default port to which users connect.</summary>
    public const int DefaultPort = 8000;

    /// <summary>The default path of the socket between the players.</summary>
    public const string DefaultSocket = "fd-pass.sock";

    /// <summary>Gets the part that this process plays.</summary>
    public EchoRole Role { get; init; }

    /// <summary>Gets the address where users connect; port 0 chooses a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, DefaultPort);

    /// <summary>
    /// Gets the listening TCP socket on which the quarterback accepts users, instead of one that it binds to <see cref="Listen"/>; null by
    /// default. The demo closes it with close(2) only, so another process that has it open can still accept connections on it. When the
    /// demo can't be started, the caller must dispose the listener.
    /// </summary>
    public Socket? Listener { get; init; }

    /// <summary>Gets the path of the Unix-domain socket between the players.</summary>
    public string SocketPath { get; init; } = DefaultSocket;

    /// <summary>Gets the name of the socket in the log; by default its path.</summary>
    public string? SocketName { get; init; }

    /// <summary>
    /// Gets a value indicating whether the other player can run under any account. By default, it must run under this process's account.
    /// </summary>
    public bool AllowAnyUser { get; init; }

    /// <summary>Gets a value indicating whether the wide receiver also serves users on Unix-domain stream sockets.</summary>
    public bool AllowUnixConnections { get; init; }

    /// <summary>Gets a value indicating whether a socket file on which no process listens is replaced.</summary>
    public bool ReplaceStale { get; init; }

    /// <summary>
    /// Gets the start information of the wide receiver's process, for <see cref="EchoRole.All"/>. The process must play the wide receiver
    /// on the same socket, write its log to its standard output, and stop when its standard input ends.
    /// </summary>
    public ProcessStartInfo? WideReceiverProcess { get; init; }
}
