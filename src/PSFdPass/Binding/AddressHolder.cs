using System.Net.Sockets;
using PSFdPass.Facts;

namespace PSFdPass.Binding;

/// <summary>Describes the process that has the address of a Unix-domain socket, for an error message.</summary>
internal static class AddressHolder
{
    /// <summary>Returns a sentence about the process that has an address.</summary>
    /// <param name="address">The address, which is in use.</param>
    /// <param name="type">The type of the socket that was to have it.</param>
    public static string Describe(UnixSocketAddress address, SocketType type)
    {
        if (new DescriptorInspector().FindUnixSocket(address) is not { } entry)
        {
            return address.IsAbstract || IsAnswering(address, type) ? "A process has it that this user may not inspect." : "No process listens on it: -Force replaces it.";
        }

        return (entry.ProcessId is { } id ? $"pid {id} ({entry.Command})" : PeerOf(address, entry.Type)) is { } holder
            ? $"It is in use by {ShownText.Of(holder)}."
            : "A process has it that this user may not inspect.";
    }

    // The kernel reports who listens to whoever connects.
    private static string? PeerOf(UnixSocketAddress address, SocketType type)
    {
        try
        {
            using Socket probe = UnixSocket.Connect(address, type, TimeSpan.Zero);
            using var peer = UnixSocketPeer.Of(probe.SafeHandle);
            return peer.Describe();
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
            return null;
        }
    }

    private static bool IsAnswering(UnixSocketAddress address, SocketType type)
    {
        try
        {
            UnixSocket.Connect(address, type, TimeSpan.Zero).Dispose();
            return true;
        }
        catch (SystemCallException exception)
        {
            return exception.ErrnoName is not ("ECONNREFUSED" or "ENOENT");
        }
        catch (TimeoutException)
        {
            return true;
        }
    }
}
