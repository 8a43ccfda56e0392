using System.Net.Sockets;

namespace PSFdPass.Tests;

/// <summary>The first asynchronous wait of a process starts a thread. With a full descriptor table the runtime ends a process that does so.</summary>
public sealed class NearlyFullTableTests
{
    [LinuxTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(8)]
    [InlineData(12)]
    public void The_first_asynchronous_wait_works_or_fails_with_EMFILE(int free) => Child.Run(WaitWithFewNumbers, $"{free}");

    private static void WaitWithFewNumbers()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        FullTable.WarmUp();

        // Loads the code that the wait uses, without waiting.
        Some.Send(right, [1]);
        Wait(left);
        Assert.Throws<TimeoutException>(() => DescriptorReceiver.ReceiveMessage(left.SafeHandle, Patience.Short));
        Exception? exception;
        using (new FullTable(int.Parse(Child.Argument)))
        {
            exception = Record.Exception(() => Wait(left));
        }

        Assert.True(exception is TimeoutException or SystemCallException { ErrnoName: "EMFILE" }, exception?.ToString());
        left.Dispose();
        right.Dispose();
    }

    private static void Wait(Socket socket) =>
        DescriptorReceiver.ReceiveMessageAsync(socket.SafeHandle, Patience.Short).AsTask().GetAwaiter().GetResult();
}
