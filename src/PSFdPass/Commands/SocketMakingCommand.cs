using System.Management.Automation;
using System.Net.Sockets;
using PSFdPass.Binding;

namespace PSFdPass.Commands;

/// <summary>The base of the cmdlets that create sockets, with the parameters for the sizes of the buffers.</summary>
public abstract class SocketMakingCommand : FdPassCommand
{
    /// <summary>
    /// The number of bytes that may wait to be received; on Linux, also the maximum size of a packet. The system limits the value
    /// (net.core.wmem_max).
    /// </summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? SendBufferSize { get; set; }

    /// <summary>The number of bytes that the receiving side may hold. On Linux, only the sender's buffer matters.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? ReceiveBufferSize { get; set; }

    /// <summary>
    /// Sets the requested buffer sizes of sockets, and writes the sockets to the pipeline. If that fails, closes all of them.
    /// </summary>
    protected void WriteSockets(params Socket[] sockets)
    {
        ArgumentNullException.ThrowIfNull(sockets);
        int? sending = null;
        int? receiving = null;
        try
        {
            foreach (Socket socket in sockets)
            {
                sending = SendBufferSize is { } send ? UnixSocket.SetSendBuffer(socket.SafeHandle, send) : null;
                receiving = ReceiveBufferSize is { } receive ? UnixSocket.SetReceiveBuffer(socket.SafeHandle, receive) : null;
            }

            // Warn only once for both ends of a pair.
            if (sending < SendBufferSize)
            {
                WriteWarning(SR.Format(SR.SendBufferLimited, Quantity.OfBytes(sending.Value), SendBufferSize));
            }

            if (receiving < ReceiveBufferSize)
            {
                WriteWarning(SR.Format(SR.ReceiveBufferLimited, Quantity.OfBytes(receiving.Value), ReceiveBufferSize));
            }
        }
        catch
        {
            foreach (Socket socket in sockets)
            {
                socket.Dispose();
            }

            throw;
        }

        foreach (Socket socket in sockets)
        {
            WriteOwner(socket);
        }
    }
}
