using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Services;

/// <summary>The socket operations of this layer. Several operations can share one <see cref="Deadline"/>.</summary>
internal static class ServiceSockets
{
    /// <summary>Returns the remaining time in the form that the operations of the lower layers accept.</summary>
    public static TimeSpan TimeLeft(Deadline deadline) =>
        deadline.IsNever ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(deadline.PollMilliseconds);

    /// <summary>Creates a connected pair of stream sockets.</summary>
    public static (Socket Left, Socket Right) CreatePair() => UnixSocket.CreatePair();

    /// <summary>Connects to a socket that must already exist.</summary>
    public static Socket Connect(UnixSocketAddress address, SocketType type, Deadline deadline, CancellationToken cancellationToken) =>
        UnixSocket.Connect(address, type, TimeLeft(deadline), cancellationToken: cancellationToken);

    /// <summary>Receives bytes, and closes any descriptors that arrive with them. Returns 0 at the end of the stream.</summary>
    public static int Receive(SafeHandle socket, Span<byte> buffer, Deadline deadline, CancellationToken cancellationToken) =>
        DescriptorReceiver.Receive(socket, buffer, Span<FileDescriptor>.Empty, TimeLeft(deadline), cancellationToken).Bytes;

    /// <summary>Receives data and descriptors without waiting. Returns false if none have arrived.</summary>
    public static bool TryReceive(SafeHandle socket, Span<byte> buffer, List<FileDescriptor> descriptors, out ReceiveResult result)
    {
        var received = new FileDescriptor[DescriptorSender.MaxDescriptorsPerMessage];
        if (!DescriptorReceiver.TryReceive(socket, buffer, received, peek: false, out result))
        {
            return false;
        }

        descriptors.AddRange(received.AsSpan(0, result.Descriptors));
        return true;
    }

    /// <summary>
    /// Binds a listener to which only the user of this process can connect. Replaces the socket file of a process that has ended.
    /// Closing the listener does not remove the path.
    /// </summary>
    public static FileDescriptor Listen(UnixSocketAddress address, CancellationToken cancellationToken)
    {
        UnixSocketListener listener = UnixSocketListener.Create(
            address, SocketType.Stream, replaceStale: !address.IsAbstract, cancellationToken: cancellationToken);
        FileDescriptor copy;
        try
        {
            using var lease = new HandleLease(listener.SafeHandle);
            copy = FileDescriptor.Duplicate(lease.Fd);
        }
        catch
        {
            listener.Dispose();
            throw;
        }

        // Disposing the listener would remove the path.
        FileDescriptor.CloseHandle(listener.SafeHandle);
        GC.SuppressFinalize(listener);
        return copy;
    }

    /// <summary>
    /// Stops receiving. After that, a send by the peer fails with EPIPE, but data that the peer has already sent can still be
    /// received.
    /// </summary>
    public static void StopReceiving(SafeHandle socket)
    {
        const int SHUT_RD = 0;
        using var lease = new HandleLease(socket);
        _ = SysSocket.Shutdown(lease.Fd, SHUT_RD);
    }
}
