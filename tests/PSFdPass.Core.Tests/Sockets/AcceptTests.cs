using System.Net;
using System.Net.Sockets;
using PSFdPass.Facts;

namespace PSFdPass.Tests;

/// <summary>Several threads and tasks that accept on one listener.</summary>
public sealed class AcceptTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private UnixSocketAddress Address => UnixSocketAddress.FromPath(_directory.File("s"));

    // One of the threads that poll(2) wakes accepts the connection. The others must not block in accept(2).
    [LinuxTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Threads_that_miss_a_connection_can_still_be_canceled_or_time_out(bool isForeign)
    {
        const int Rounds = 20;
        using Socket own = isForeign ? Foreign() : UnixSocketListener.Create(Address);
        using var source = new CancellationTokenSource();
        int accepted = 0;
        BlockedThread[] threads =
        [
            .. Enumerable.Range(0, 4).Select(number => BlockedThread.Start(() =>
            {
                while (true)
                {
                    UnixSocket.Accept(own.SafeHandle, number % 2 == 0 ? Patience.Long : Timeout.InfiniteTimeSpan, source.Token).Dispose();
                    Interlocked.Increment(ref accepted);
                }
            })),
        ];
        for (int i = 0; i < Rounds; i++)
        {
            UnixSocket.Connect(Address, SocketType.Stream, Patience.Long).Dispose();
        }

        Patience.Until(() => Volatile.Read(ref accepted) == Rounds, "every connection is accepted");
        source.Cancel();
        Assert.All(threads, thread => Assert.IsAssignableFrom<OperationCanceledException>(thread.Join()));

        using Socket late = UnixSocket.Connect(Address, SocketType.Stream, Patience.Long);
        BlockedThread[] timed = [.. Enumerable.Range(0, 2).Select(_ => BlockedThread.Start(() => UnixSocket.Accept(own.SafeHandle, Patience.Short).Dispose()))];
        Assert.IsType<TimeoutException>(Assert.Single(timed.Select(thread => thread.Join()), exception => exception is not null));
    }

    [LinuxFact]
    public async Task Tasks_that_miss_a_connection_can_still_be_canceled()
    {
        using UnixSocketListener listener = UnixSocketListener.Create(Address);
        using var source = new CancellationTokenSource();
        Task<Socket>[] accepting = [.. Enumerable.Range(0, 4).Select(_ => UnixSocket.AcceptAsync(listener.SafeHandle, source.Token))];
        using Socket client = UnixSocket.Connect(Address, SocketType.Stream, Patience.Long);
        (await (await Task.WhenAny(accepting).WaitAsync(Patience.Long))).Dispose();
        source.Cancel();
        foreach (Task<Socket> task in accepting.Where(task => !task.IsCompletedSuccessfully))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task.WaitAsync(Patience.Long));
        }
    }

    [LinuxFact]
    public void Disposing_the_listener_ends_every_accept()
    {
        UnixSocketListener listener = UnixSocketListener.Create(Address);
        BlockedThread[] threads =
            [.. Enumerable.Range(0, 3).Select(_ => BlockedThread.Start(() => UnixSocket.Accept(listener.SafeHandle, Timeout.InfiniteTimeSpan)))];
        listener.Dispose();
        Assert.All(threads, thread => Assert.IsType<ObjectDisposedException>(thread.Join()));
        Assert.False(File.Exists(_directory.File("s")));
    }

    [LinuxTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Socket_Accept_still_waits(bool isForeign)
    {
        using Socket listener = isForeign ? Foreign() : UnixSocketListener.Create(Address);
        using (UnixSocket.Connect(Address))
        using (UnixSocket.Accept(listener, Patience.Long))
        {
        }

        Assert.True(Some.IsNonBlocking(listener.SafeHandle));
        Assert.True(listener.Blocking);
        Task<Socket> accepting = Task.Factory.StartNew(listener.Accept, TaskCreationOptions.LongRunning);
        using Socket client = UnixSocket.Connect(Address);
        using Socket server = await accepting.WaitAsync(Patience.Long);
        Assert.True(server.Blocking);
        Assert.Equal(DescriptorFlags.CloseOnExec, DescriptorFacts.FlagsOf((int)server.Handle));
    }

    [LinuxFact]
    public async Task A_received_listener_can_accept_with_Socket_Accept()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using UnixSocketListener listener = UnixSocketListener.Create(Address);
        left.SendDescriptors(listener.SafeHandle);
        using ReceivedMessage message = Some.Receive(right);
        using Socket received = message.Descriptors[0].OpenSocket();
        Task<Socket> accepting = Task.Factory.StartNew(received.Accept, TaskCreationOptions.LongRunning);
        using Socket client = UnixSocket.Connect(Address);
        (await accepting.WaitAsync(Patience.Long)).Dispose();
    }

    [LinuxFact]
    public void TryAccept_returns_null_when_nobody_waits()
    {
        using UnixSocketListener listener = UnixSocketListener.Create(Address);
        Assert.Null(UnixSocket.TryAccept(listener.SafeHandle));
        using Socket client = UnixSocket.Connect(Address);
        using FileDescriptor? accepted = UnixSocket.TryAccept(listener.SafeHandle);
        Assert.NotNull(accepted);
        Assert.Equal(DescriptorFlags.CloseOnExec, accepted.Flags);
        Assert.Null(UnixSocket.TryAccept(listener.SafeHandle));
    }

    [LinuxFact]
    public void A_socket_that_does_not_listen_is_an_error_and_keeps_its_flags()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        Assert.Equal("EINVAL", Assert.Throws<SystemCallException>(() => UnixSocket.Accept(left.SafeHandle, Patience.Long)).ErrnoName);
        Assert.False(Some.IsNonBlocking(left.SafeHandle));
        using var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Assert.Equal("EOPNOTSUPP", Assert.Throws<SystemCallException>(() => UnixSocket.TryAccept(datagrams.SafeHandle)).ErrnoName);
    }

    [LinuxFact]
    public void TCP_connections_are_accepted_too()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        client.Connect((IPEndPoint)listener.LocalEndpoint);
        using Socket server = UnixSocket.Accept(listener.Server, Patience.Long);
        Assert.Equal(((IPEndPoint)client.Client.LocalEndPoint!).Port, ((IPEndPoint)server.RemoteEndPoint!).Port);
    }

    // A blocking listener that .NET created.
    private Socket Foreign()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_directory.File("s")));
        socket.Listen();
        return socket;
    }
}
