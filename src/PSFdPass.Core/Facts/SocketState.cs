namespace PSFdPass;

/// <summary>Specifies the state of a socket. The states after <see cref="Listening"/> are those of TCP (tcp(7)).</summary>
public enum SocketState
{
    /// <summary>The socket has no peer.</summary>
    Unconnected,

    /// <summary>The socket is connecting to a peer.</summary>
    Connecting,

    /// <summary>The socket has a peer. For a datagram socket, this is the default destination.</summary>
    Connected,

    /// <summary>The socket accepts connections.</summary>
    Listening,

    /// <summary>SYN-SENT: the socket is connecting to a peer.</summary>
    SynSent,

    /// <summary>SYN-RECEIVED: a peer is connecting.</summary>
    SynReceived,

    /// <summary>ESTABLISHED: the socket has a peer.</summary>
    Established,

    /// <summary>FIN-WAIT-1: this end has sent a FIN, which ends its direction of the connection.</summary>
    FinWait1,

    /// <summary>FIN-WAIT-2: this end has sent a FIN, and the peer has acknowledged it.</summary>
    FinWait2,

    /// <summary>CLOSE-WAIT: the peer has sent a FIN, and this end has not.</summary>
    CloseWait,

    /// <summary>CLOSING: both ends have sent a FIN at the same time.</summary>
    Closing,

    /// <summary>LAST-ACK: this end has sent a FIN after the peer did.</summary>
    LastAck,

    /// <summary>TIME-WAIT: the connection is over, and delayed segments are being discarded.</summary>
    TimeWait,

    /// <summary>CLOSED: the socket is not connected.</summary>
    Closed,
}
