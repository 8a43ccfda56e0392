using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Binding;

/// <summary>The number and the addresses of a <see cref="Socket"/> of any family, for the view of sockets.</summary>
internal static class SocketSummary
{
    /// <summary>Returns the descriptor's number; −1 once the socket is closed.</summary>
    public static int NumberOf(Socket socket) => IsClosed(socket) ? -1 : (int)socket.SafeHandle.DangerousGetHandle();

    /// <summary>
    /// Returns the addresses in the form of <see cref="FileDescriptor.Target"/>, with control characters replaced:
    /// <c>tcp 127.0.0.1:80 → 127.0.0.1:60316</c>.
    /// </summary>
    public static string TargetOf(Socket socket)
    {
        if (IsClosed(socket))
        {
            return "(closed)";
        }

        using var lease = new HandleLease(socket.SafeHandle);
        return ShownText.Of(SocketFacts.Describe(lease.Fd));
    }

    private static bool IsClosed(Socket socket) => socket.SafeHandle.IsClosed || socket.SafeHandle.IsInvalid;
}
