using System.Net.Sockets;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>Replacing a stale socket, and nothing else.</summary>
public sealed class StaleSocketTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private UnixSocketAddress Address => UnixSocketAddress.FromPath(_directory.File("s"));

    [UnixDiagFact]
    public void A_socket_that_is_bound_and_does_not_listen_yet_is_not_stale()
    {
        using var bound = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        bound.Bind(new UnixDomainSocketEndPoint(_directory.File("s")));
        SystemCallException exception = Assert.Throws<SystemCallException>(() => UnixSocketListener.Create(Address, replaceStale: true));
        Assert.Equal(("EADDRINUSE", _directory.File("s")), (exception.ErrnoName, exception.Subject));
        Assert.Contains("a process still has a socket bound there", exception.Message);
        bound.Listen();
        using Socket client = UnixSocket.Connect(Address);
    }

    [WithoutUnixDiagFact]
    public void Without_unix_diag_a_stale_socket_is_not_replaced_and_the_error_gives_the_reason()
    {
        MakeStale();
        SystemCallException exception = Assert.Throws<SystemCallException>(() => UnixSocketListener.Create(Address, replaceStale: true));
        Assert.Equal(("EADDRINUSE", _directory.File("s")), (exception.ErrnoName, exception.Subject));
        Assert.Contains("unix_diag is not available", exception.Message);
        Assert.True(File.Exists(_directory.File("s")));
    }

    [WithoutUnixDiagFact]
    public void Without_unix_diag_a_listener_with_a_full_backlog_is_recognized()
    {
        using Socket listener = UnixSocketListener.Create(Address, backlog: 0);
        List<Socket> waiting = [];
        while (Record.Exception(() => waiting.Add(UnixSocket.Connect(Address, SocketType.Stream, Patience.Short))) is not TimeoutException)
        {
        }

        SystemCallException exception = Assert.Throws<SystemCallException>(() => UnixSocketListener.Create(Address, replaceStale: true));
        Assert.Contains("a process listens on it", exception.Message);
        waiting.ForEach(socket => socket.Dispose());
    }

    // The socket is bound with another path. unix_diag reports the file, not only the name.
    [UnixDiagFact]
    public void A_socket_that_was_bound_with_a_relative_path_is_not_stale() => Child.Run(BindRelative, _directory.Path);

    private static void BindRelative()
    {
        Environment.CurrentDirectory = Child.Argument;
        using var bound = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        bound.Bind(new UnixDomainSocketEndPoint("s"));
        Assert.Throws<SystemCallException>(
            () => UnixSocketListener.Create(UnixSocketAddress.FromPath(Path.Join(Child.Argument, "s")), replaceStale: true));
    }

    [UnixDiagFact]
    public void Of_two_threads_exactly_one_replaces_a_stale_socket()
    {
        for (int round = 0; round < 200; round++)
        {
            MakeStale();
            using var start = new Barrier(2);
            var made = new UnixSocketListener?[2];
            var threads = new Thread[2];
            for (int i = 0; i < threads.Length; i++)
            {
                int number = i;
                threads[i] = new Thread(() =>
                {
                    start.SignalAndWait();
                    try
                    {
                        made[number] = UnixSocketListener.Create(Address, replaceStale: true);
                    }
                    catch (SystemCallException exception) when (exception.ErrnoName == "EADDRINUSE")
                    {
                    }
                });
                threads[i].Start();
            }

            Assert.All(threads, thread => Assert.True(thread.Join(Patience.Long)));
            UnixSocketListener one = Assert.Single(made.OfType<UnixSocketListener>());
            using (Socket client = UnixSocket.Connect(Address))
            using (Socket server = UnixSocket.Accept(one.SafeHandle, Patience.Long))
            {
            }

            one.Dispose();
            Assert.False(File.Exists(_directory.File("s")));
        }
    }

    [UnixDiagFact]
    public void Waiting_for_a_lock_of_another_process_fails_with_the_reason_and_can_be_canceled()
    {
        MakeStale();
        using var directory = new SafeDescriptorHandle(
            Libc.Checked(Fcntl.Open(_directory.Path, Constants.Current.O_DIRECTORY | Constants.Current.O_CLOEXEC)), ownsHandle: true);
        Assert.Equal(0, SysFile.FLock((int)directory.DangerousGetHandle(), SysFile.LOCK_EX));
        using var source = new CancellationTokenSource();
        BlockedThread creating = BlockedThread.Start(
            () => UnixSocketListener.Create(Address, replaceStale: true, cancellationToken: source.Token));
        source.Cancel();
        Assert.IsAssignableFrom<OperationCanceledException>(creating.Join());

        SystemCallException exception = Assert.Throws<SystemCallException>(() => UnixSocketListener.Create(Address, replaceStale: true));
        Assert.Contains("another process has its directory locked", exception.Message);
        directory.Dispose();
        UnixSocketListener.Create(Address, replaceStale: true).Dispose();
    }

    [UnixDiagFact]
    public void Replacing_a_socket_leaves_no_descriptor_open()
    {
        using var bound = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        bound.Bind(new UnixDomainSocketEndPoint(_directory.File("bound")));
        OpenDescriptors.AreUnchangedBy(() =>
        {
            MakeStale();
            UnixSocketListener.Create(Address, replaceStale: true).Dispose();
            Assert.Throws<SystemCallException>(
                () => UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("bound")), replaceStale: true));
        });
    }

    private void MakeStale()
    {
        UnixSocketListener listener = UnixSocketListener.Create(Address);
        Closing.Release(listener.SafeHandle);
        listener.Dispose();
        Assert.True(File.Exists(_directory.File("s")));
    }
}
