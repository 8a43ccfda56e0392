using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Handles;

namespace PSFdPass.Tests;

/// <summary>connect(2) and accept(2), with and without a listener.</summary>
public sealed class ConnectionTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private UnixSocketAddress Address => UnixSocketAddress.FromPath(_directory.File("s"));

    [LinuxTheory]
    [InlineData(SocketType.Stream)]
    [InlineData(SocketType.Seqpacket)]
    public async Task A_connection_carries_descriptors_both_ways(SocketType type)
    {
        using Socket listener = UnixSocketListener.Create(Address, type);
        using Socket client = await UnixSocket.ConnectAsync(Address, type, Patience.Long);
        using Socket server = await UnixSocket.AcceptAsync(listener.SafeHandle, Patience.Long);
        using FileDescriptor file = Some.File();
        foreach ((Socket from, Socket to) in ((Socket, Socket)[])[(client, server), (server, client)])
        {
            from.SendDescriptors(file.SafeHandle);
            using ReceivedMessage message = Some.Receive(to);
            Assert.True(Some.AreSame(file.Fd, message.Descriptors[0].Fd));
            Assert.True(from.Blocking);
            Assert.Equal(DescriptorFlags.CloseOnExec, DescriptorFacts.FlagsOf((int)from.Handle));
        }
    }

    [LinuxFact]
    public void Datagrams_need_no_accept()
    {
        using Socket receiver = UnixSocketListener.Create(Address, SocketType.Dgram);
        using Socket sender = UnixSocket.Connect(Address, SocketType.Dgram, Patience.Long);
        using FileDescriptor file = Some.File();
        sender.SendDescriptors(file.SafeHandle);
        using ReceivedMessage message = Some.Receive(receiver);
        Assert.Equal("abcdefghij", Some.Read(message.Descriptors[0]));
    }

    [LinuxFact]
    public async Task Connecting_without_a_socket_is_ENOENT_and_without_a_listener_ECONNREFUSED()
    {
        SystemCallException exception = Assert.Throws<SystemCallException>(
            () => UnixSocket.Connect(Address, SocketType.Stream, Patience.Long));
        Assert.Equal(("connect", "ENOENT"), (exception.Call, exception.ErrnoName));
        Assert.Contains("There is no such socket", exception.Message);

        Closing.Release(UnixSocketListener.Create(Address).SafeHandle);
        exception = await Assert.ThrowsAsync<SystemCallException>(
            () => UnixSocket.ConnectAsync(Address, SocketType.Stream, Patience.Long));
        Assert.Equal("ECONNREFUSED", exception.ErrnoName);
        Assert.Contains(_directory.File("s"), exception.Message);
    }

    [LinuxFact]
    public void Connecting_to_another_type_of_socket_is_EPROTOTYPE()
    {
        using Socket listener = UnixSocketListener.Create(Address, SocketType.Seqpacket);
        Assert.Equal("EPROTOTYPE", Assert.Throws<SystemCallException>(
            () => UnixSocket.Connect(Address, SocketType.Stream, Patience.Long)).ErrnoName);
    }

    [UnixDiagTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Connect_waits_for_a_listener_that_is_created_later(bool leftover)
    {
        if (leftover)
        {
            Closing.Release(UnixSocketListener.Create(Address).SafeHandle);
        }

        Task<Socket> connecting = UnixSocket.ConnectAsync(Address, SocketType.Stream, Patience.Long, waitForListener: true);
        Task<Socket> blocking = Task.Run(
            () => UnixSocket.Connect(Address, SocketType.Stream, Patience.Long, waitForListener: true));
        Assert.False(connecting.IsCompleted);
        using Socket listener = UnixSocketListener.Create(Address, replaceStale: true);
        using Socket first = UnixSocket.Accept(listener.SafeHandle, Patience.Long);
        using Socket second = UnixSocket.Accept(listener.SafeHandle, Patience.Long);
        (await connecting).Dispose();
        (await blocking).Dispose();
    }

    [LinuxFact]
    public async Task Waiting_for_a_listener_that_is_never_created_times_out_with_the_reason()
    {
        TimeoutException exception = Assert.Throws<TimeoutException>(
            () => UnixSocket.Connect(Address, SocketType.Stream, Patience.Short, waitForListener: true));
        Assert.Equal("ENOENT", Assert.IsType<SystemCallException>(exception.InnerException).ErrnoName);
        exception = await Assert.ThrowsAsync<TimeoutException>(
            () => UnixSocket.ConnectAsync(Address, SocketType.Stream, Patience.None, waitForListener: true));
        Assert.Contains(_directory.File("s"), exception.Message);
    }

    [LinuxFact]
    public async Task Waiting_for_a_listener_can_be_canceled()
    {
        using var source = new CancellationTokenSource();
        Task connecting = UnixSocket.ConnectAsync(
            Address, SocketType.Stream, Timeout.InfiniteTimeSpan, waitForListener: true, cancellationToken: source.Token);
        Task blocking = Task.Run(() => UnixSocket.Connect(
            Address, SocketType.Stream, Timeout.InfiniteTimeSpan, waitForListener: true, cancellationToken: source.Token));
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(Patience.Long));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => blocking.WaitAsync(Patience.Long));
    }

    [LinuxFact]
    public void Connect_waits_while_the_backlog_is_full()
    {
        using Socket listener = UnixSocketListener.Create(Address, backlog: 0);
        using Socket first = UnixSocket.Connect(Address, SocketType.Stream, Patience.Long);
        Assert.Throws<TimeoutException>(() => UnixSocket.Connect(Address, SocketType.Stream, Patience.Short));
        Task<Socket> second = UnixSocket.ConnectAsync(Address, SocketType.Stream, Patience.Long);
        Assert.False(second.IsCompleted);
        UnixSocket.Accept(listener.SafeHandle, Patience.Long).Dispose();
        UnixSocket.Accept(listener.SafeHandle, Patience.Long).Dispose();
        Assert.True(second.Wait(Patience.Long));
        second.Result.Dispose();
    }

    [LinuxFact]
    public async Task An_accept_without_a_connection_times_out_or_is_canceled_and_the_next_one_works()
    {
        using Socket listener = UnixSocketListener.Create(Address);
        Assert.Throws<TimeoutException>(() => UnixSocket.Accept(listener.SafeHandle, Patience.Short));
        await Assert.ThrowsAsync<TimeoutException>(() => UnixSocket.AcceptAsync(listener.SafeHandle, Patience.Short));
        using var source = new CancellationTokenSource();
        BlockedThread accepting = BlockedThread.Start(
            () => UnixSocket.Accept(listener.SafeHandle, Timeout.InfiniteTimeSpan, source.Token));
        source.Cancel();
        Assert.IsType<OperationCanceledException>(accepting.Join());

        using Socket client = UnixSocket.Connect(Address, SocketType.Stream, Patience.Long);
        using Socket server = UnixSocket.Accept(listener.SafeHandle, Patience.None);
        Assert.True(server.Connected);
        Assert.False(Some.IsNonBlocking(server.SafeHandle));
    }

    [LinuxFact]
    public void A_listener_that_was_handed_over_goes_on_accepting()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        Socket listener = UnixSocketListener.Create(Address);
        left.SendDescriptors(listener.SafeHandle);
        Closing.Release(listener.SafeHandle);
        using ReceivedMessage message = Some.Receive(right);
        using Socket adopted = message.Descriptors[0].OpenSocket();
        using Socket client = UnixSocket.Connect(Address, SocketType.Stream, Patience.Long);
        using Socket server = UnixSocket.Accept(adopted.SafeHandle, Patience.Long);
        Some.Send(client, "hello"u8);
        Assert.Equal("hello", Some.Receive(server).Text);
    }

    [LinuxFact]
    public void Another_user_cannot_connect()
    {
        File.SetUnixFileMode(_directory.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
            UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        Child.Run(ConnectAsNobody, _directory.File("s"));
    }

    internal static void ConnectAsNobody()
    {
        var address = UnixSocketAddress.FromPath(Child.Argument);
        using Socket listener = UnixSocketListener.Create(address);
        UnixSocket.Connect(address, SocketType.Stream, Patience.Long).Dispose();
        if (!Libc.BecomeNobody())
        {
            // Only root can become another user. For other users, a mode of 0 has the same effect.
            File.SetUnixFileMode(address.Name, UnixFileMode.None);
        }

        SystemCallException exception = Assert.Throws<SystemCallException>(
            () => UnixSocket.Connect(address, SocketType.Stream, Patience.Long));
        Assert.Equal(("connect", "EACCES"), (exception.Call, exception.ErrnoName));
    }
}
