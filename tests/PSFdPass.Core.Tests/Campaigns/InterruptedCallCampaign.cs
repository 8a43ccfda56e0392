using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace PSFdPass.Tests;

/// <summary>Timers at 1 kHz interrupt the system calls of threads that send, receive, connect and accept.</summary>
[Trait("Category", "Campaign")]
public sealed unsafe class InterruptedCallCampaign
{
    // A connection takes as long as several messages.
    private const int MessagesForEachConnection = 20;

    [ProgramFact("gcc")]
    public void Nothing_is_lost_under_a_thousand_signals_a_second()
    {
        using var campaign = new Campaign("signals");
        using var directory = new TemporaryDirectory();
        string library = directory.File("count_signals.so");
        string source = Path.Combine(Repository.Root, "tests", "peers", "count_signals.c");
        Program.Run("gcc", "-shared", "-fPIC", "-O2", "-o", library, source).Succeeded();
        string report = directory.File("report");
        int messages = 4000 * Campaign.Scale;
        Child.Run(UnderSignals, $"{messages};{library};{directory.Path};{report}");
        long signals = long.Parse(File.ReadAllText(report), CultureInfo.InvariantCulture);
        campaign.Count("messages", 3 * messages);
        campaign.Count("connections", 2 * (messages / MessagesForEachConnection));
        campaign.Count("signals delivered", signals);
        campaign.Count("lost", 0);
        Assert.True(signals > 0, "No signal was delivered.");
    }

    private static void UnderSignals()
    {
        string[] arguments = Child.Argument.Split(';');
        int messages = int.Parse(arguments[0], CultureInfo.InvariantCulture);

        // The handler is a function in C, because managed code must not run in a signal handler.
        nint library = NativeLibrary.Load(arguments[1]);
        ThreadTimer.Handle(NativeLibrary.GetExport(library, "count_signal"));
        var count = (delegate* unmanaged<long>)NativeLibrary.GetExport(library, "count_of_signals");
        using FileDescriptor file = Some.File();
        foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket, SocketType.Dgram])
        {
            SendAndReceive(type, messages, file);
        }

        foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket])
        {
            ConnectAndAccept(type, messages / MessagesForEachConnection, Path.Combine(arguments[2], $"{type}"), file);
        }

        File.WriteAllText(arguments[3], $"{count()}");
    }

    private static void SendAndReceive(SocketType type, int messages, FileDescriptor file)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        RunBoth(
            () =>
            {
                for (int i = 0; i < messages; i++)
                {
                    DescriptorSender.Send(left.SafeHandle, BitConverter.GetBytes(i), [file.SafeHandle], Patience.Long);
                }
            },
            () =>
            {
                for (int i = 0; i < messages; i++)
                {
                    using ReceivedMessage message = DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long, default, bufferSize: 4)!;
                    Assert.Equal(i, BitConverter.ToInt32(message.Data));
                    Assert.Single(message.Descriptors);
                }
            });
        left.Dispose();
        right.Dispose();
    }

    private static void ConnectAndAccept(SocketType type, int connections, string path, FileDescriptor file)
    {
        var address = UnixSocketAddress.FromPath(path);
        using Socket listener = UnixSocketListener.Create(address, type, backlog: 2);
        RunBoth(
            () =>
            {
                for (int i = 0; i < connections; i++)
                {
                    using Socket client = UnixSocket.Connect(address, type, Patience.Long);
                    DescriptorSender.Send(client.SafeHandle, BitConverter.GetBytes(i), [file.SafeHandle], Patience.Long);
                }
            },
            () =>
            {
                for (int i = 0; i < connections; i++)
                {
                    using Socket server = UnixSocket.Accept(listener.SafeHandle, Patience.Long);
                    using ReceivedMessage message = Some.Receive(server);
                    Assert.Equal(i, BitConverter.ToInt32(message.Data));
                    Assert.Single(message.Descriptors);
                    Assert.Null(DescriptorReceiver.ReceiveMessage(server.SafeHandle, Patience.Long));
                }
            });
    }

    // Runs each action on a thread of its own, which a timer interrupts.
    private static void RunBoth(params Action[] actions)
    {
        Task[] both = [.. actions.Select(action => Task.Factory.StartNew(
            () =>
            {
                using var timer = new ThreadTimer();
                action();
            },
            TaskCreationOptions.LongRunning))];
        Task.WaitAll(both);
    }
}
