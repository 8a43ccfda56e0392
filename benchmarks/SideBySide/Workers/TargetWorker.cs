using System.Diagnostics;
using System.Net.Sockets;
using PSFdPass.Benchmarks.Measuring;

namespace PSFdPass.Benchmarks.Workers;

/// <summary>
/// The process to which connections are moved. <c>receive COUNT</c> receives them, and answers with the time at which all had arrived, and
/// with the numbers of bytes of managed and of private memory that they use. <c>answer</c> sends the data of each connection back, and
/// closes the connection.
/// </summary>
internal static class TargetWorker
{
    public static void Run(string path)
    {
        using Socket listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(path));
        Socket? origin = null;
        var connections = new List<FileDescriptor>();
        byte[] data = new byte[sizeof(int)];
        while (Console.In.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "receive":
                    origin ??= UnixSocket.Accept(listener.SafeHandle, TimeSpan.FromSeconds(10));
                    int count = int.Parse(words[1]);
                    connections.Capacity = count;
                    long managed = GC.GetTotalMemory(forceFullCollection: true);
                    long resident = Memory.OfThisProcess().Private;
                    while (connections.Count < count)
                    {
                        connections.AddRange(DescriptorReceiver.ReceiveMessage(origin.SafeHandle, TimeSpan.FromSeconds(60))!.Descriptors);
                    }

                    long end = Stopwatch.GetTimestamp();
                    long residentNow = Memory.OfThisProcess().Private;
                    long managedNow = GC.GetTotalMemory(forceFullCollection: true);
                    Console.Out.WriteLine($"{end} {managedNow - managed} {residentNow - resident}");
                    break;

                case "answer":
                    for (int i = 0; i < connections.Count; i++)
                    {
                        // Each connection is converted to a Socket, one at a time, to show that it works as a normal Socket.
                        using Socket socket = connections[i].OpenSocket();
                        int length = socket.Receive(data);
                        socket.Send(data, length, SocketFlags.None);
                    }

                    connections.Clear();
                    Console.Out.WriteLine("answered");
                    break;

                default:
                    throw new BenchmarkException($"{line}?");
            }
        }

        origin?.Dispose();
    }
}
