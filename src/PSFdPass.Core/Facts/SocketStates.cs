using System.Net.Sockets;

namespace PSFdPass.Facts;

/// <summary>The states of Linux's TCP (<c>&lt;netinet/tcp.h&gt;</c>), which its UDP and raw sockets use too.</summary>
internal static class SocketStates
{
    private static readonly SocketState?[] Tcp =
    [
        null, SocketState.Established, SocketState.SynSent, SocketState.SynReceived, SocketState.FinWait1, SocketState.FinWait2,
        SocketState.TimeWait, SocketState.Closed, SocketState.CloseWait, SocketState.LastAck, SocketState.Listening,
        SocketState.Closing, SocketState.SynReceived,
    ];

    /// <summary>Returns the state that a number of the kernel stands for, for a socket of AF_INET or AF_INET6.</summary>
    public static SocketState OfInternet(SocketType type, int number) =>
        type == SocketType.Stream
            ? (uint)number < (uint)Tcp.Length && Tcp[number] is { } state ? state : SocketState.Closed
            : number == 1 ? SocketState.Connected : SocketState.Unconnected;
}
