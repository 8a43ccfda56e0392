using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PSFdPass.Tests.Echo;

/// <summary>A user who connects to a quarterback once.</summary>
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

    /// <summary>Returns the next line, or null if the connection was closed.</summary>
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

    /// <summary>Sends a line, and checks that it comes back.</summary>
    public User Echoes(string text)
    {
        _socket.Send(Encoding.UTF8.GetBytes(text + "\n"));
        Assert.Equal(text, Read());
        return this;
    }

    /// <summary>Checks that the connection is closed or reset.</summary>
    public void IsDisconnected()
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
