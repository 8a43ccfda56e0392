using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace PSFdPass.Tests;

/// <summary>An interval timer at 1 kHz interrupts every system call of a process that sends, receives, connects and accepts.</summary>
[Trait("Category", "Campaign")]
public sealed partial class InterruptedCallCampaign
{
    [LinuxFact]
    public void A_thousand_signals_a_second_lose_nothing()
    {
        using var campaign = new Campaign("signals");
        int messages = 4000 * Campaign.Scale;
        Child.Run(UnderSignals, $"{messages}");
        campaign.Count("messages", 3 * messages);
        campaign.Count("lost", 0);
    }

    private static unsafe void UnderSignals()
    {
        // SIGALRM without SA_RESTART: each call that waits ends with EINTR. The handler is a function of the C library without any
        // effect (abs), because managed code must not run in a signal handler.
        nint handler = NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "abs");
        byte* action = stackalloc byte[152];
        new Span<byte>(action, 152).Clear();
        *(nint*)action = handler;
        Assert.Equal(0, SigAction(14, action, null));
        long* interval = stackalloc long[4] { 0, 1000, 0, 1000 };
        Assert.Equal(0, SetITimer(0, interval, null));
        int messages = int.Parse(Child.Argument);
        using FileDescriptor file = Some.File();
        foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket, SocketType.Dgram])
        {
            (Socket left, Socket right) = UnixSocket.CreatePair(type);
            var receiver = new Thread(() =>
            {
                for (int i = 0; i < messages; i++)
                {
                    using ReceivedMessage message = DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long, default, bufferSize: 4)!;
                    Assert.Equal(i, BitConverter.ToInt32(message.Data));
                    Assert.Single(message.Descriptors);
                }
            });
            receiver.Start();
            for (int i = 0; i < messages; i++)
            {
                DescriptorSender.Send(left.SafeHandle, BitConverter.GetBytes(i), [file.SafeHandle], Patience.Long);
            }

            Assert.True(receiver.Join(Patience.Long));
            left.Dispose();
            right.Dispose();
        }

        new Span<long>(interval, 4).Clear();
        Assert.Equal(0, SetITimer(0, interval, null));
    }

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static unsafe partial int SigAction(int signal, byte* action, byte* old);

    [LibraryImport("libc", EntryPoint = "setitimer")]
    private static unsafe partial int SetITimer(int which, long* value, long* old);
}
