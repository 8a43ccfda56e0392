using System.Net;
using System.Net.Sockets;

namespace PSFdPass.Benchmarks.Workers;

/// <summary>
/// A process with sockets that other processes inspect. <c>tcp COUNT</c> and <c>unix COUNT</c> open COUNT sockets, in connected pairs.
/// </summary>
internal static class HolderWorker
{
    public static void Run()
    {
        List<Socket> sockets = [];
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        while (Console.In.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            sockets.ForEach(static socket => socket.Dispose());
            sockets.Clear();
            while (sockets.Count < int.Parse(words[1]))
            {
                if (words[0] == "unix")
                {
                    (Socket left, Socket right) = UnixSocket.CreatePair();
                    sockets.AddRange([left, right]);
                    continue;
                }

                var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                client.Connect(listener.LocalEndPoint!);
                sockets.AddRange([client, listener.Accept()]);
            }

            Console.Out.WriteLine(sockets.Count);
        }
    }
}
