using System.Diagnostics;
using System.Net.Sockets;
using System.Net;
using System.Runtime.InteropServices;

namespace PSFdPass.Benchmarks.Workers;

/// <summary>
/// The process from which connections are moved. <c>listen</c> listens and answers with the port, <c>accept COUNT</c> accepts connections,
/// and <c>move</c> sends all of them, closes its copies, and answers with the time when it began.
/// </summary>
internal static class OriginWorker
{
    public static void Run(string path)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using Socket target = UnixSocket.Connect(
            UnixSocketAddress.FromPath(path), SocketType.Stream, TimeSpan.FromSeconds(10), waitForListener: true);
        var sockets = new List<Socket>();
        while (Console.In.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "listen":
                    listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
                    listener.Listen(int.MaxValue);
                    Console.Out.WriteLine(((IPEndPoint)listener.LocalEndPoint!).Port);
                    break;

                case "accept":
                    int count = int.Parse(words[1]);
                    for (int i = 0; i < count; i++)
                    {
                        sockets.Add(listener.Accept());
                    }

                    Console.Out.WriteLine(sockets.Count);
                    break;

                default:
                    long start = Stopwatch.GetTimestamp();
                    SafeHandle[] handles = [.. sockets.Select(socket => socket.SafeHandle)];
                    DescriptorSender.Send(target.SafeHandle, handles, TimeSpan.FromSeconds(60));
                    foreach (Socket socket in sockets)
                    {
                        FileDescriptor.CloseHandle(socket.SafeHandle);
                    }

                    sockets.Clear();
                    Console.Out.WriteLine(start);
                    break;
            }
        }
    }
}
