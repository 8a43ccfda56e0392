using System.Net.Sockets;
using PSFdPass.Handles;

namespace PSFdPass;

/// <summary>How far a socket is with its connection. The states after <see cref="Listening"/> are TCP's alone (tcp(7)).</summary>
public enum SocketState
{
    /// <summary>Without a peer.</summary>
    Unconnected,

    /// <summary>On its way to a peer.</summary>
    Connecting,

    /// <summary>With a peer. For datagrams, that is where it sends to unless told.</summary>
    Connected,

    /// <summary>Waiting for others to connect.</summary>
    Listening,

    /// <summary>SYN-SENT: on its way to a peer.</summary>
    SynSent,

    /// <summary>SYN-RECEIVED: somebody is connecting.</summary>
    SynReceived,

    /// <summary>ESTABLISHED: with a peer.</summary>
    Established,

    /// <summary>FIN-WAIT-1: we have shut down.</summary>
    FinWait1,

    /// <summary>FIN-WAIT-2: we have shut down, and the peer knows.</summary>
    FinWait2,

    /// <summary>CLOSE-WAIT: the peer has shut down, and we have not.</summary>
    CloseWait,

    /// <summary>CLOSING: both have shut down at the same time.</summary>
    Closing,

    /// <summary>LAST-ACK: we have shut down after the peer.</summary>
    LastAck,

    /// <summary>TIME-WAIT: over, and waiting for stragglers.</summary>
    TimeWait,

    /// <summary>CLOSED: not connected yet, or not any more.</summary>
    Closed,
}

/// <summary>The states of Linux's TCP (<c>&lt;netinet/tcp.h&gt;</c>), which its UDP and raw sockets use too.</summary>
internal static class SocketStates
{
    private static readonly SocketState?[] Tcp =
    [
        null, SocketState.Established, SocketState.SynSent, SocketState.SynReceived, SocketState.FinWait1, SocketState.FinWait2,
        SocketState.TimeWait, SocketState.Closed, SocketState.CloseWait, SocketState.LastAck, SocketState.Listening,
        SocketState.Closing, SocketState.SynReceived,
    ];

    /// <summary>What a number of the kernel's means for a socket of AF_INET or AF_INET6.</summary>
    public static SocketState OfInternet(SocketType type, int number) =>
        type == SocketType.Stream
            ? (uint)number < (uint)Tcp.Length && Tcp[number] is { } state ? state : SocketState.Closed
            : number == 1 ? SocketState.Connected : SocketState.Unconnected;
}
