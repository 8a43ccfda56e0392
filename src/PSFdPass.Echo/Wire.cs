using PSFdPass.Waiting;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Messages;

namespace PSFdPass.Echo;

/// <summary>A quarterback's connection to a wide receiver, by its number, which whoever made this keeps open. Never waits.</summary>
internal readonly struct Wire(int fd)
{
    // A wide receiver that talks without end must not keep users waiting.
    private const int ReadsInARow = 16;

    /// <summary>The connection's descriptor.</summary>
    public int Fd => fd;

    /// <summary>Whether everything that was thrown has been received, or is lost because the wide receiver has gone.</summary>
    public bool IsEmpty => SysIoctl.IsSendQueueEmpty(fd);

    /// <summary>Throws a connection: its descriptor, with one byte. False when there is no room.</summary>
    /// <exception cref="SystemCallException">sendmsg(2) failed.</exception>
    public bool TryThrow(SafeDescriptorHandle connection)
    {
        using var lease = new HandleLease(connection);
        int descriptor = lease.Fd;
        return SendMsg.Try(fd, [1], new ReadOnlySpan<int>(in descriptor), out _) == Outcome.Done;
    }

    /// <summary>
    /// Whether the wide receiver has closed its end, and had received everything by then. Whatever it had not received is gone
    /// with its socket, which the kernel tells with ECONNRESET.
    /// </summary>
    [SkipLocalsInit]
    public bool HasEnded(out bool tookAll)
    {
        tookAll = false;
        Span<byte> data = stackalloc byte[256];
        try
        {
            // It has nothing to say; what it says all the same is dropped, and descriptors that it sends are closed.
            for (int reads = 0; reads < ReadsInARow; reads++)
            {
                if (RecvMsg.Try(fd, data, [], peek: false, out ReceiveResult result) != Outcome.Done)
                {
                    return false;
                }

                if (result.IsEndOfStream)
                {
                    tookAll = true;
                    return true;
                }
            }

            return false;
        }
        catch (SystemCallException)
        {
            return true;
        }
    }
}
