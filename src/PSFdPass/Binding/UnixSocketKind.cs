using System.Net.Sockets;

namespace PSFdPass.Binding;

/// <summary>The types of Unix-domain sockets (unix(7)).</summary>
public enum UnixSocketKind
{
    /// <summary>SOCK_STREAM: bytes in order, without boundaries.</summary>
    Stream,

    /// <summary>SOCK_SEQPACKET: a connection that keeps the boundaries of messages. Not available on macOS.</summary>
    SeqPacket,

    /// <summary>SOCK_DGRAM: messages without a connection.</summary>
    Datagram,
}

/// <summary>Converts socket types to those of .NET.</summary>
internal static class UnixSocketKinds
{
    public static SocketType ToSocketType(this UnixSocketKind kind) => kind switch
    {
        UnixSocketKind.SeqPacket => SocketType.Seqpacket,
        UnixSocketKind.Datagram => SocketType.Dgram,
        _ => SocketType.Stream,
    };
}
