using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace PSFdPass.Echo;

/// <summary>Counters that the kernel keeps for a TCP connection (TCP_INFO, Linux 4.19).</summary>
internal static class TcpCounters
{
    private const int IPPROTO_TCP = 6;
    private const int TCP_INFO = 11;

    // Offsets in struct tcp_info of <linux/tcp.h>.
    private const int NotSentBytes = 144;
    private const int BytesSent = 200;
    private const int BytesRetransmitted = 208;
    private const int Size = 216;

    /// <summary>Returns the number of bytes that all processes have written to a connection; null if the number is not available.</summary>
    public static long? BytesWrittenTo(SafeHandle connection)
    {
        bool isHeld = false;
        try
        {
            connection.DangerousAddRef(ref isHeld);
            using var socket = new Socket(new SafeSocketHandle(connection.DangerousGetHandle(), ownsHandle: false));
            Span<byte> information = stackalloc byte[Size];
            return OperatingSystem.IsLinux() && socket.GetRawSocketOption(IPPROTO_TCP, TCP_INFO, information) == Size
                ? BinaryPrimitives.ReadInt64LittleEndian(information[BytesSent..])
                    - BinaryPrimitives.ReadInt64LittleEndian(information[BytesRetransmitted..])
                    + BinaryPrimitives.ReadUInt32LittleEndian(information[NotSentBytes..])
                : null;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return null;
        }
        finally
        {
            if (isHeld)
            {
                connection.DangerousRelease();
            }
        }
    }
}
