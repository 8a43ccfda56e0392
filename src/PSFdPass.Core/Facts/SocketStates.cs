using System.Net.Sockets;

namespace PSFdPass.Facts;

/// <summary>
/// Converts the numbers of Linux's TCP states (<c>&lt;netinet/tcp.h&gt;</c>), which UDP and raw sockets also use.
/// </summary>
internal static class SocketStates
{
    private static readonly SocketState?[] Tcp =
    [
        null, SocketState.Established, SocketState.SynSent, SocketState.SynReceived, SocketState.FinWait1, SocketState.FinWait2,
        SocketState.TimeWait, SocketState.Closed, SocketState.CloseWait, SocketState.LastAck, SocketState.Listening,
        SocketState.Closing, SocketState.SynReceived,
    ];

    /// <summary>Returns the state for the number that the kernel reports for an AF_INET or AF_INET6 socket.</summary>
    public static SocketState OfInternet(SocketType type, int number) =>
        type == SocketType.Stream
            ? (uint)number < (uint)Tcp.Length && Tcp[number] is { } state ? state : SocketState.Closed
            : number == 1 ? SocketState.Connected : SocketState.Unconnected;
}
