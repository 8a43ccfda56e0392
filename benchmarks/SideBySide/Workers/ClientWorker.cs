using System.Net;
using System.Net.Sockets;

namespace PSFdPass.Benchmarks.Workers;

/// <summary>
/// The users of the connections. <c>connect PORT COUNT</c> opens the connections, <c>talk</c> sends a different number over each,
/// <c>listen</c> answers with the count of the numbers that were sent back, and <c>close</c> closes the connections.
/// </summary>
internal static class ClientWorker
{
    private const int PortsAnAddress = 20_000;

    public static void Run()
    {
        var sockets = new List<Socket>();
        byte[] data = new byte[sizeof(int)];
        while (Console.In.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "connect":
                    var server = new IPEndPoint(IPAddress.Loopback, int.Parse(words[1]));
                    int count = int.Parse(words[2]);
                    for (int i = 0; i < count; i++)
                    {
                        sockets.Add(Connect(server, i));
                    }

                    Console.Out.WriteLine(sockets.Count);
                    break;

                case "talk":
                    for (int i = 0; i < sockets.Count; i++)
                    {
                        BitConverter.TryWriteBytes(data, i);
                        sockets[i].Send(data);
                    }

                    Console.Out.WriteLine("said");
                    break;

                case "listen":
                    int answered = 0;
                    for (int i = 0; i < sockets.Count; i++)
                    {
                        sockets[i].ReceiveTimeout = 5000;
                        try
                        {
                            answered += sockets[i].Receive(data) == data.Length && BitConverter.ToInt32(data) == i ? 1 : 0;
                        }
                        catch (SocketException)
                        {
                            // This connection was lost, and is not counted.
                        }
                    }

                    Console.Out.WriteLine(answered);
                    break;

                default:
                    sockets.ForEach(socket => socket.Dispose());
                    sockets.Clear();
                    Console.Out.WriteLine("closed");
                    break;
            }
        }
    }

    // An address has only about 28,000 ports for connections to one server. Further connections use the next address.
    private static Socket Connect(IPEndPoint server, int number)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        const int IPPROTO_IP = 0;
        const int IP_BIND_ADDRESS_NO_PORT = 24;
        socket.SetRawSocketOption(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, BitConverter.GetBytes(1));
        socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)(2 + (number / PortsAnAddress))]), 0));
        socket.Connect(server);
        return socket;
    }
}
