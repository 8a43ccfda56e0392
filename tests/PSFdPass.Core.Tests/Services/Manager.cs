using System.Net.Sockets;
using System.Text;

namespace PSFdPass.Tests.Services;

/// <summary>A service manager's end of NOTIFY_SOCKET. The variable is set until the object is disposed.</summary>
internal sealed class Manager : IDisposable
{
    private readonly Socket _socket;
    private readonly string? _before = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");

    public Manager(UnixSocketAddress address)
    {
        _socket = UnixSocketListener.Create(address, SocketType.Dgram);
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", address.ToString());
    }

    public static Manager Abstract() => new(UnixSocketAddress.FromAbstractName($"psfdpass-{Guid.NewGuid():N}"));

    public Socket Socket => _socket;

    public (string[] Lines, FileDescriptor[] Descriptors) Receive()
    {
        ReceivedMessage message = DescriptorReceiver.ReceiveMessage(_socket.SafeHandle, Patience.Long)!;
        return (Encoding.UTF8.GetString([.. message.Data]).Split('\n'), [.. message.Descriptors]);
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", _before);
        _socket.Dispose();
    }
}
