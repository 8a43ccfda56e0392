using System.Net.Sockets;
using PSFdPass.Interop;

namespace PSFdPass.Errors;

/// <summary>Describes why an address can't be bound, and which process has it.</summary>
internal static class AddressInUse
{
    /// <summary>Returns the message for an address that is in use.</summary>
    /// <param name="address">The address.</param>
    /// <param name="type">The type of the socket that was to be bound.</param>
    /// <param name="exception">The error of bind(2).</param>
    /// <param name="force">True if a stale socket was to be replaced.</param>
    public static string Describe(UnixSocketAddress address, SocketType type, SystemCallException exception, bool force)
    {
        UnixSocketEntry? entry = new DescriptorInspector().FindUnixSocket(address);
        string reason =
            FindHolder(address, type, entry) is { } holder ? SR.Format(SR.AddressInUseBy, holder)
            : entry is not null || address.IsAbstract ? SR.AddressInUseHidden
            : !IsSocket(address.Name) ? SR.AddressNotSocket
            : force ? exception.Message
            : SR.AddressStale;
        return reason == exception.Message ? reason : SR.Format(SR.CannotListen, address, reason, exception.ErrnoName);
    }

    // The open descriptors are inspected first, because that does not disturb the listener. Processes of other users can't be inspected,
    // but the kernel reports the listener's process to a client that connects.
    private static string? FindHolder(UnixSocketAddress address, SocketType type, UnixSocketEntry? entry)
    {
        if (entry?.ProcessId is { } process)
        {
            return Describe(process, entry.Command);
        }

        if (type == SocketType.Dgram)
        {
            return null;
        }

        try
        {
            using Socket probe = UnixSocket.Connect(address, type, TimeSpan.Zero);
            using var peer = UnixSocketPeer.Of(probe.SafeHandle);
            return SR.Format(SR.ProcessOfUser, Describe(peer.ProcessId, peer.Command), peer.UserName);
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
            return null;
        }
    }

    private static string Describe(int process, string? command) =>
        string.IsNullOrEmpty(command) ? SR.Format(SR.ProcessUnnamed, process) : SR.Format(SR.ProcessNamed, process, ShownText.Of(command));

    private static bool IsSocket(string path)
    {
        try
        {
            using var file = FileDescriptor.Open(path, new FileOpenOptions { PathOnly = true, NoFollow = true }, TimeSpan.Zero);
            return file.Kind == DescriptorKind.Socket;
        }
        catch (Exception exception) when (exception is IOException or PlatformNotSupportedException)
        {
            // Only Linux has O_PATH. Elsewhere, the path is assumed to be a socket.
            return exception is PlatformNotSupportedException;
        }
    }
}
