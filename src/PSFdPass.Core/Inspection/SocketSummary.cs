using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Handles;

namespace PSFdPass;

/// <summary>A <see cref="Socket"/> of any family in the words of <see cref="FileDescriptor"/>, for display.</summary>
public sealed class SocketSummary
{
    /// <summary>Looks at a socket, which stays the caller's and may be closed.</summary>
    public SocketSummary(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (socket.SafeHandle.IsClosed || socket.SafeHandle.IsInvalid)
        {
            Fd = -1;
            Target = "(closed)";
            return;
        }

        using var lease = new HandleLease(socket.SafeHandle);
        Fd = lease.Fd;
        Target = ShownText.Of(SocketFacts.Describe(Fd));
    }

    /// <summary>The descriptor's number; −1 once it is closed.</summary>
    public int Fd { get; }

    /// <summary>
    /// The ends, as <see cref="FileDescriptor.Target"/> has them, with a dot for each control character:
    /// <c>tcp 127.0.0.1:80 → 127.0.0.1:60316</c>.
    /// </summary>
    public string Target { get; }

    /// <summary>The ends.</summary>
    public override string ToString() => Target;
}
