using System.Net.Sockets;
using System.Runtime.InteropServices;
using PSFdPass.Ancillary;
using PSFdPass.Interop;
using PSFdPass.Messages;

namespace PSFdPass.Tests;

/// <summary>Calls sendmsg(2) and recvmsg(2) directly, without the library's precautions.</summary>
internal static unsafe class Raw
{
    /// <summary>The result of sendmsg(2).</summary>
    public readonly record struct Sent(nint Bytes, int Errno);

    /// <summary>The result of recvmsg(2). The caller must close the descriptors.</summary>
    public sealed record Received(nint Bytes, int Errno, byte[] Data, int[] Descriptors, int Flags)
    {
        public void Close()
        {
            foreach (int descriptor in Descriptors)
            {
                Assert.Equal(0, Unistd.Close(descriptor));
            }
        }
    }

    public static Sent Send(Socket socket, ReadOnlySpan<byte> data, ReadOnlySpan<int> descriptors, int flags = 0)
    {
        byte[] control = new byte[ControlMessageLayout.Current.Space(descriptors.Length * sizeof(int))];
        var writer = new ControlMessageWriter(control, in ControlMessageLayout.Current);
        writer.WriteRights(descriptors);
        return SendControl(socket, data, descriptors.IsEmpty ? [] : control, flags);
    }

    public static Sent SendControl(Socket socket, ReadOnlySpan<byte> data, ReadOnlySpan<byte> control, int flags = 0)
    {
        fixed (byte* bytes = data)
        fixed (byte* controlBytes = control)
        {
            var vector = new SysSocket.IoVec { iov_base = bytes, iov_len = (nuint)data.Length };
            var message = new SysSocket.MsgHdr { msg_iov = &vector, msg_iovlen = 1 };
            if (!control.IsEmpty)
            {
                message.msg_control = controlBytes;
                message.msg_controllen = (uint)control.Length;
            }

            nint sent = SysSocket.SendMsg((int)socket.Handle, &message, flags | Constants.Current.MSG_NOSIGNAL);
            return new Sent(sent, sent < 0 ? Interop.Errno.Last : 0);
        }
    }

    /// <summary>Calls recvmsg(2) once, with buffers of these sizes for data and for control messages.</summary>
    public static Received Receive(Socket socket, int dataSize, int controlSize = 2048, int flags = 0)
    {
        byte[] data = new byte[dataSize];
        byte[] control = new byte[controlSize];
        fixed (byte* bytes = data)
        fixed (byte* controlBytes = control)
        {
            var vector = new SysSocket.IoVec { iov_base = bytes, iov_len = (nuint)dataSize };
            var message = new SysSocket.MsgHdr
            {
                msg_iov = &vector, msg_iovlen = 1, msg_control = controlBytes, msg_controllen = (uint)controlSize,
            };
            nint received = SysSocket.RecvMsg((int)socket.Handle, &message, flags);
            if (received < 0)
            {
                return new Received(received, Interop.Errno.Last, [], [], 0);
            }

            var descriptors = new List<int>();
            foreach (ControlMessage part in new ControlMessageReader(
                control.AsSpan(0, (int)message.msg_controllen), in ControlMessageLayout.Current))
            {
                if (part.IsRights)
                {
                    descriptors.AddRange(MemoryMarshal.Cast<byte, int>(part.Data));
                }
            }

            return new Received(received, 0, data[..(int)received], [.. descriptors], message.Flags);
        }
    }
}
