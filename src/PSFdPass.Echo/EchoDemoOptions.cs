using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace PSFdPass.Echo;

/// <summary>The options of the echo demo.</summary>
public sealed record EchoDemoOptions
{
    /// <summary>The default port of the demo.</summary>
    public const int DefaultPort = 8000;

    /// <summary>The default socket of the demo.</summary>
    public const string DefaultSocket = "fd-pass.sock";

    /// <summary>Gets the part that this process plays.</summary>
    public EchoRole Role { get; init; }

    /// <summary>Gets the address where users connect; port 0 chooses a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, DefaultPort);

    /// <summary>
    /// Gets the listening TCP socket on which the quarterback accepts users, in place of one that it binds to <see cref="Listen"/>; null
    /// by default. The demo closes it with close(2) only, so another process that has it open can still accept connections on it. When the
    /// demo can't be started, the caller must dispose the listener.
    /// </summary>
    public Socket? Listener { get; init; }

    /// <summary>Gets the path of the Unix-domain socket between the players.</summary>
    public string SocketPath { get; init; } = DefaultSocket;

    /// <summary>Gets the name of the socket in the log; by default its path.</summary>
    public string? SocketName { get; init; }

    /// <summary>
    /// Gets a value indicating whether the players play with players of any user. By default, they play only with those of this process's
    /// user.
    /// </summary>
    public bool AllowAnyUser { get; init; }

    /// <summary>Gets a value indicating whether the wide receiver serves users on Unix-domain stream sockets, too.</summary>
    public bool AllowUnixConnections { get; init; }

    /// <summary>Gets a value indicating whether a socket file on which no process listens is removed.</summary>
    public bool ReplaceStale { get; init; }

    /// <summary>
    /// Gets the start information of the wide receiver's process, for <see cref="EchoRole.All"/>. The process plays that role on the same
    /// socket, writes its log to its standard output, and stops when its standard input ends.
    /// </summary>
    public ProcessStartInfo? WideReceiverProcess { get; init; }
}
