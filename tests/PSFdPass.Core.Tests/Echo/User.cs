using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PSFdPass.Tests.Echo;

/// <summary>Somebody who has connected to a quarterback, and never connects again.</summary>
internal sealed class User : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        ReceiveTimeout = (int)Patience.Long.TotalMilliseconds,
        SendTimeout = (int)Patience.Long.TotalMilliseconds,
    };

    private readonly StreamReader _reader;

    public User(int port)
    {
        _socket.Connect(IPAddress.Loopback, port);
        _reader = new StreamReader(new NetworkStream(_socket), Encoding.UTF8, false, 128);
    }

    public string Address => _socket.LocalEndPoint!.ToString()!;

    public static User[] Many(int count, int port) => [.. Enumerable.Range(0, count).Select(_ => new User(port))];

    /// <summary>The next line; null when the connection was closed.</summary>
    public string? Read() => _reader.ReadLine();

    /// <summary>Reads the first greeting.</summary>
    public User MeetsQuarterback(int process)
    {
        Assert.Equal($"Hello from Quarterback on PID ({process})!", Read());
        return this;
    }

    /// <summary>Reads the second greeting.</summary>
    public User MeetsWideReceiver(int process)
    {
        Assert.Equal($"Hello from Wide Receiver on PID ({process})!", Read());
        return this;
    }

    /// <summary>Types a line, and gets it back.</summary>
    public User Echoes(string text)
    {
        _socket.Send(Encoding.UTF8.GetBytes(text + "\n"));
        Assert.Equal(text, Read());
        return this;
    }

    /// <summary>Sees that the connection is closed, in whatever way.</summary>
    public void IsSentHome()
    {
        try
        {
            Assert.Null(Read());
        }
        catch (IOException exception) when (exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
        }
    }

    /// <summary>Ends the connection with a reset.</summary>
    public void Resets()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();
}
