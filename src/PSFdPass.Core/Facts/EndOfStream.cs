using System.Runtime.CompilerServices;
using PSFdPass.Ancillary;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Facts;

/// <summary>
/// Distinguishes the end of a connection from an empty packet, after recvmsg(2) has returned no bytes and no descriptors.
/// </summary>
internal static unsafe class EndOfStream
{
    private const int ControlSize = ControlMessageLayout.MaxRightsSpace + 1024;

    /// <summary>Returns whether the connection has ended and everything has been received.</summary>
    /// <param name="socket">The number of the socket's descriptor.</param>
    /// <param name="hasCredentials">
    /// True when recvmsg(2) returned SCM_CREDENTIALS, which it never does at the end of a SEQPACKET connection.
    /// </param>
    public static bool IsAt(int socket, bool hasCredentials) => SocketFacts.TypeOf(socket) switch
    {
        Constants.SOCK_STREAM => true,
        Constants.SOCK_SEQPACKET => !hasCredentials && HasPeerClosed(socket) && IsQueueEmpty(socket),
        _ => false,
    };

    private static bool HasPeerClosed(int socket)
    {
        var descriptor = new Poll.PollFd { fd = socket, events = Poll.POLLRDHUP };
        for (int i = 0; Poll.Wait(&descriptor, 1, 0) < 0; i++)
        {
            if (Errno.Last != Errno.EINTR || i == Pacing.MaxInterruptions)
            {
                // Returning false, which means an empty packet, could hide the end of the connection.
                throw SystemCallException.FromLast("poll");
            }
        }

        return (descriptor.revents & (Poll.POLLRDHUP | Poll.POLLHUP | Poll.POLLERR)) != 0;
    }

    // FIONREAD counts only bytes, so empty packets, with or without descriptors, may still be queued. While SO_PASSCRED is set, peeking at
    // the queue returns SCM_CREDENTIALS for any packet, and none at the end.
    private static bool IsQueueEmpty(int socket)
    {
        if (SysIoctl.BytesToRead(socket) > 0)
        {
            return false;
        }

        int level = Constants.Current.SOL_SOCKET;
        int option = Constants.Current.SO_PASSCRED;
        bool wasSet = SysSocket.TryGetOption(socket, level, option, out int value) && value != 0;
        if (!wasSet && !SysSocket.TrySetOption(socket, level, option, 1))
        {
            return true;
        }

        try
        {
            return !HasMessage(socket);
        }
        finally
        {
            if (!wasSet)
            {
                _ = SysSocket.TrySetOption(socket, level, option, 0);
            }
        }
    }

    [SkipLocalsInit]
    private static bool HasMessage(int socket)
    {
        byte* control = stackalloc byte[ControlSize];
        byte one;
        var vector = new SysSocket.IoVec { iov_base = &one, iov_len = 1 };
        var message = new SysSocket.MsgHdr
        {
            msg_iov = &vector,
            msg_iovlen = 1,
            msg_control = control,
            msg_controllen = ControlSize,
        };
        nint length = SysSocket.RecvMsg(
            socket, &message, Constants.MSG_PEEK | Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_CMSG_CLOEXEC);

        if (length < 0)
        {
            return false;
        }

        _ = PeekedDescriptors.Close(new ReadOnlySpan<byte>(control, (int)message.msg_controllen), out bool isEmpty);
        return length > 0 || !isEmpty;
    }
}
