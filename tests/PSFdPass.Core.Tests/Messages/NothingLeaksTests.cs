using System.Runtime.InteropServices;
using PSFdPass.Handles;
using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Interop;
using PSFdPass.Messages;

namespace PSFdPass.Tests;

/// <summary>Counts /proc/self/fd around every operation, including operations that fail.</summary>
public sealed class NothingLeaksTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly FileDescriptor _file = Some.File();

    public void Dispose()
    {
        _file.Dispose();
        _directory.Dispose();
    }

    private UnixSocketAddress Address => UnixSocketAddress.FromPath(_directory.File("s"));

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void Creating_pairs_listeners_and_connections_leaks_nothing(SocketType type) => OpenDescriptors.AreUnchangedBy(() =>
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        left.Dispose();
        right.Dispose();
        using Socket listener = UnixSocketListener.Create(Address, type);
        using Socket client = UnixSocket.Connect(Address, type, Patience.Long);
        if (type != SocketType.Dgram)
        {
            using Socket server = UnixSocket.Accept(listener.SafeHandle, Patience.Long);
            _ = UnixSocketPeer.Of(server.SafeHandle);
        }
    });

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void Sending_and_receiving_leaks_nothing(SocketType type) => WithPair(type, (left, right) =>
    {
        DescriptorSender.SendNumbers(left.SafeHandle, [_file.Fd], Patience.Long);
        left.SendDescriptors(_file.SafeHandle, _file.SafeHandle);
        DescriptorSender.SendNumbers(left.SafeHandle, "data"u8, Enumerable.Repeat(_file.Fd, 253).ToArray(), Patience.Long);
        Some.Receive(right).Dispose();
        Some.Receive(right).Dispose();
        Some.Receive(right).Dispose();

        // Numbers that are written to the caller's span, and numbers that do not fit into it.
        DescriptorSender.SendNumbers(left.SafeHandle, "data"u8, [_file.Fd, _file.Fd, _file.Fd], Patience.Long);
        int[] one = new int[1];
        Assert.Equal(2, DescriptorReceiver.ReceiveNumbers(right.SafeHandle, new byte[10], one, Patience.Long).DescriptorsClosed);
        Closing.CloseAll(one);
        DescriptorSender.SendNumbers(left.SafeHandle, "data"u8, [_file.Fd, _file.Fd, _file.Fd], Patience.Long);
        Assert.Equal(3, DescriptorReceiver.ReceiveNumbers(right.SafeHandle, new byte[10], Span<int>.Empty, Patience.Long).DescriptorsClosed);
    });

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public Task Sending_and_receiving_asynchronously_leaks_nothing(SocketType type) => WithPairAsync(type, async (left, right) =>
    {
        Task<ReceivedMessage?> receiving = DescriptorReceiver.ReceiveMessageAsync(right.SafeHandle, Patience.Long).AsTask();
        await DescriptorSender.SendAsync(left.SafeHandle, new byte[] { 1 }, new SafeHandle[] { _file.SafeHandle }, Patience.Long);
        (await receiving)!.Dispose();
    });

    [LinuxFact]
    public void Sends_that_fail_leak_nothing() => WithPair(SocketType.Stream, (left, right) =>
    {
        Throws<ArgumentException>(() => DescriptorSender.SendNumbers(left.SafeHandle, [], [_file.Fd], Patience.Long));
        Throws<SystemCallException>(() => DescriptorSender.SendNumbers(left.SafeHandle, "x"u8, [_file.Fd, 123456], Patience.Long));
        Some.Fill(left);
        Throws<SendTimeoutException>(() => DescriptorSender.SendNumbers(left.SafeHandle, "x"u8, [_file.Fd], Patience.Short));
        Throws<OperationCanceledException>(() => DescriptorSender.SendNumbers(
            left.SafeHandle, "x"u8, [_file.Fd], Patience.Long, new CancellationTokenSource(Patience.Short).Token));
        right.Dispose();
        Throws<SystemCallException>(() => left.SendDescriptors(_file.SafeHandle));
    });

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void Receives_that_fail_leak_nothing(SocketType type) => WithPair(type, (left, right) =>
    {
        Throws<TimeoutException>(() => DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Short));
        Throws<OperationCanceledException>(() => DescriptorReceiver.ReceiveMessage(
            right.SafeHandle, Patience.Long, new CancellationTokenSource(Patience.Short).Token));
        left.SendDescriptors(_file.SafeHandle);
        Throws<ArgumentOutOfRangeException>(
            () => DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Long, bufferSize: -1));
        Some.Receive(right).Dispose();

        // A message that is not received is discarded with its socket.
        left.SendDescriptors(_file.SafeHandle, _file.SafeHandle);
    });

    [LinuxFact]
    public Task Asynchronous_waits_that_fail_leak_nothing() => WithPairAsync(SocketType.Stream, async (left, right) =>
    {
        using var source = new CancellationTokenSource();
        Task<ReceivedMessage?> receiving = DescriptorReceiver.ReceiveMessageAsync(right.SafeHandle, Patience.Long, source.Token).AsTask();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving);
        await Assert.ThrowsAsync<TimeoutException>(() => DescriptorReceiver.ReceiveMessageAsync(right.SafeHandle, Patience.Short).AsTask());
        Some.Fill(left);
        await Assert.ThrowsAsync<SendTimeoutException>(
            () => DescriptorSender.SendAsync(left.SafeHandle, new byte[] { 1 }, new SafeHandle[] { _file.SafeHandle }, Patience.Short).AsTask());
    });

    [LinuxFact]
    public void The_end_of_a_connection_leaks_nothing() => OpenDescriptors.AreUnchangedBy(() =>
    {
        foreach (SocketType type in (SocketType[])[SocketType.Stream, SocketType.Seqpacket])
        {
            (Socket left, Socket right) = UnixSocket.CreatePair(type);
            left.SendDescriptors(_file.SafeHandle);
            left.Dispose();
            Some.Receive(right).Dispose();
            Assert.Null(right.ReceiveDescriptors());
            right.Dispose();
        }
    });

    [LinuxFact]
    public void Sockets_that_cannot_be_created_or_found_leak_nothing() => OpenDescriptors.AreUnchangedBy(() =>
    {
        string regular = _directory.Write("regular", "");
        Throws<SystemCallException>(() => UnixSocketListener.Create(UnixSocketAddress.FromPath(regular), replaceStale: true));
        Throws<SystemCallException>(() => UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("no/folder"))));
        Throws<SystemCallException>(() => UnixSocket.Connect(Address, SocketType.Stream, Patience.Long));
        Throws<SystemCallException>(() => UnixSocket.Connect(UnixSocketAddress.FromPath(regular), SocketType.Stream, Patience.Long));
        Throws<TimeoutException>(() => UnixSocket.Connect(Address, SocketType.Stream, Patience.Short, waitForListener: true));
        using Socket listener = UnixSocketListener.Create(Address, backlog: 0);
        Throws<SystemCallException>(() => UnixSocketListener.Create(Address, replaceStale: true));
        using Socket unused = UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("unused")));
        Throws<TimeoutException>(() => UnixSocket.Accept(unused.SafeHandle, Patience.Short));
    });

    [LinuxFact]
    public void Sockets_that_carry_no_descriptors_leak_nothing() => OpenDescriptors.AreUnchangedBy(() =>
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        Throws<NotUnixSocketException>(() => client.Client.SendDescriptors(_file.SafeHandle));
        Throws<NotUnixSocketException>(() => server.ReceiveDescriptors());
        client.Dispose();
        server.Dispose();
        Throws<SystemCallException>(() => DescriptorReceiver.ReceiveMessage(_file.SafeHandle, Patience.Long));
    });

    [LinuxFact]
    public void Inspecting_descriptors_leaks_nothing() => OpenDescriptors.AreUnchangedBy(() =>
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using FileDescriptor folder = FileDescriptor.Open(_directory.Path);
        using FileDescriptor socket = new FileDescriptor((int)left.Handle, ownsHandle: false).Duplicate();
        foreach (FileDescriptor descriptor in (FileDescriptor[])[_file, folder, socket])
        {
            _ = (descriptor.Kind, descriptor.Access, descriptor.Flags, descriptor.Target);
        }

        left.Dispose();
        right.Dispose();
        Throws<SystemCallException>(() => FileDescriptor.Open(_directory.File("nothing")));
    });

    [LinuxFact]
    public void Handing_over_descriptors_leaks_nothing_even_if_it_fails() => OpenDescriptors.AreUnchangedBy(() =>
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        _file.Duplicate().OpenStream().Dispose();
        _file.Duplicate().OpenHandle().Dispose();
        ((IDisposable)_file.Duplicate().OpenObject()).Dispose();
        new FileDescriptor((int)left.Handle, ownsHandle: false).Duplicate().OpenSocket().Dispose();
        new FileDescriptor((int)left.Handle, ownsHandle: false).Duplicate().OpenStream().Dispose();
        Assert.Equal(0, Unistd.Close(_file.Duplicate().Detach()));
        using FileDescriptor folder = FileDescriptor.Open(_directory.Path);
        Throws<NotSupportedException>(() => folder.OpenStream());
        Throws<SystemCallException>(() => folder.OpenSocket());
        left.Dispose();
        right.Dispose();
    });

    [LinuxFact]
    public void Closing_the_handles_of_objects_leaks_nothing() => OpenDescriptors.AreUnchangedBy(() =>
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        Closing.Release(client.Client.SafeHandle);
        Closing.Release(server.SafeHandle);
        Closing.Release(_file.Duplicate().SafeHandle);
        Closing.CloseByNumber(_file.Duplicate().Detach());
        Closing.Release(File.Create(_directory.File("file")).SafeFileHandle);
        Socket listener = UnixSocketListener.Create(Address);
        Closing.Release(listener.SafeHandle);
        File.Delete(Address.Name);
    });

    [LinuxFact]
    public void A_message_with_some_descriptors_taken_leaks_nothing() => WithPair(SocketType.Stream, (left, right) =>
    {
        left.SendDescriptors(_file.SafeHandle, _file.SafeHandle, _file.SafeHandle);
        Stream taken;
        using (ReceivedMessage message = Some.Receive(right))
        {
            taken = message.Descriptors[1].OpenStream();
        }

        Assert.Equal(0, taken.Seek(0, SeekOrigin.Begin));
        taken.Dispose();
    });

    [LinuxFact]
    public void Operations_with_a_full_descriptor_table_leak_nothing() => Child.Run(TableFull);

    internal static void TableFull()
    {
        using var directory = new TemporaryDirectory();
        using FileDescriptor file = Some.File();
        (Socket left, Socket right) = UnixSocket.CreatePair();
        var address = UnixSocketAddress.FromPath(directory.File("s"));
        using Socket listener = UnixSocketListener.Create(address);
        using Socket client = UnixSocket.Connect(address, SocketType.Stream, Patience.Long);
        (string Name, Action Operation)[] operations =
        [
            ("pair", () => UnixSocket.CreatePair()),
            ("duplicate", () => file.Duplicate()),
            ("open", () => FileDescriptor.Open(directory.Path)),
            ("connect", () => UnixSocket.Connect(address, SocketType.Stream, Patience.Long)),
            ("accept", () => UnixSocket.Accept(listener.SafeHandle, Patience.Long)),
        ];

        // The operations and their failures run once before, because loading their code needs descriptors.
        using (Socket other = UnixSocket.Connect(address, SocketType.Stream, Patience.Long))
        using (Socket first = UnixSocket.Accept(listener.SafeHandle, Patience.Long))
        using (Socket second = UnixSocket.Accept(listener.SafeHandle, Patience.Long))
        using (Socket unbound = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            Assert.Throws<SocketException>(() => unbound.Connect(new UnixDomainSocketEndPoint(directory.File("none"))));
        }

        using Socket pending = UnixSocket.Connect(address, SocketType.Stream, Patience.Long);
        foreach (int free in (int[])[0, 1])
        {
            FullTable.WarmUp();
            Assert.Equal("EMFILE", new SystemCallException("x", Errno.EMFILE).ErrnoName);
            foreach ((string name, Action operation) in operations)
            {
                if (free == 1 && name is not "pair")
                {
                    continue;
                }

                Exception? exception;
                int before;
                int after;
                using (new FullTable(free))
                {
                    before = FullTable.OpenCount();
                    exception = Record.Exception(operation);
                    after = FullTable.OpenCount();
                }

                Assert.Equal((name, before), (name, after));
                Assert.Equal((name, "EMFILE"), (name, (exception as SystemCallException)?.ErrnoName ?? exception?.ToString()));
            }
        }

        left.Dispose();
        right.Dispose();
    }

    private static void Throws<T>(Action action)
        where T : Exception => Assert.ThrowsAny<T>(action);

    private static void WithPair(SocketType type, Action<Socket, Socket> operation) => OpenDescriptors.AreUnchangedBy(() =>
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        operation(left, right);
        left.Dispose();
        right.Dispose();
    });

    private static Task WithPairAsync(SocketType type, Func<Socket, Socket, Task> operation) =>
        OpenDescriptors.AreUnchangedByAsync(async () =>
        {
            (Socket left, Socket right) = UnixSocket.CreatePair(type);
            await operation(left, right);
            left.Dispose();
            right.Dispose();
        });
}
