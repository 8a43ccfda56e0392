using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Ancillary;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Messages;

/// <summary>Calls sendmsg(2) with SCM_RIGHTS once, without blocking.</summary>
internal static unsafe class SendOnce
{
    /// <summary>Sends data and at most 253 descriptors, specified by handles.</summary>
    [SkipLocalsInit]
    public static Outcome Try(int socket, ReadOnlySpan<byte> data, ReadOnlySpan<SafeHandle> descriptors, out int sent)
    {
        using var leases = new HandleLeases(descriptors, stackalloc int[DescriptorSender.MaxDescriptorsPerMessage]);
        return Try(socket, data, leases.Fds, out sent);
    }

    /// <summary>Sends data and at most 253 descriptors, specified by number.</summary>
    /// <returns>
    /// <see cref="Outcome.Done"/> with the number of bytes sent. On a stream, that number can be smaller than the length of the
    /// data; the descriptors are sent with the first byte. <see cref="Outcome.NotReady"/> when the receiver's queue is full.
    /// <see cref="Outcome.Again"/> after a signal.
    /// </returns>
    /// <exception cref="SystemCallException">Thrown when sendmsg(2) fails.</exception>
    // The method has no loop, because the JIT compiles a method that has both a loop and a stackalloc only once, at its first call,
    // when the values of static readonly fields may not be known.
    [SkipLocalsInit]
    public static Outcome Try(int socket, ReadOnlySpan<byte> data, ReadOnlySpan<int> descriptors, out int sent)
    {
        fixed (byte* bytes = data)
        {
            var vector = new SysSocket.IoVec { iov_base = bytes, iov_len = (nuint)data.Length };
            var message = new SysSocket.MsgHdr { msg_iov = &vector, msg_iovlen = 1 };
            byte* control = stackalloc byte[ControlMessageLayout.MaxRightsSpace];
            if (!descriptors.IsEmpty)
            {
                int space = ControlMessageLayout.Current.Space(descriptors.Length * sizeof(int));
                var writer = new ControlMessageWriter(new Span<byte>(control, space), in ControlMessageLayout.Current);
                writer.WriteRights(descriptors);
                message.msg_control = control;
                message.msg_controllen = (uint)writer.Written;
            }

            nint result = SysSocket.SendMsg(socket, &message, Constants.Current.MSG_DONTWAIT | Constants.Current.MSG_NOSIGNAL);
            sent = (int)result;
            return result >= 0 ? Outcome.Done : OutcomeOf(Errno.Last, "sendmsg");
        }
    }

    /// <summary>Returns the outcome for a temporary error. Throws an exception for any other error.</summary>
    public static Outcome OutcomeOf(int errno, string call) =>
        errno == Errno.EAGAIN ? Outcome.NotReady
        : errno == Errno.EINTR ? Outcome.Again

        // On macOS, this error means that the queue of a datagram receiver is full, although poll(2) reports that the socket is
        // ready.
        : errno == Errno.ENOBUFS && OperatingSystem.IsMacOS() ? Outcome.Unavailable
        : throw new SystemCallException(call, errno);
}
