using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>Listeners with a name: the mode of the file, and files that already exist at the path.</summary>
public sealed class ListenerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private UnixSocketAddress Address => UnixSocketAddress.FromPath(_directory.File("s"));

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void A_socket_file_has_mode_0600_by_default(SocketType type)
    {
        using (Socket listener = UnixSocketListener.Create(Address, type))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory.File("s")));
            Assert.Equal(DescriptorFlags.CloseOnExec | DescriptorFlags.NonBlocking, DescriptorFacts.FlagsOf((int)listener.Handle));
        }

        Assert.False(File.Exists(_directory.File("s")));
        const UnixFileMode Open = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
        using Socket shared = UnixSocketListener.Create(Address, type, mode: Open);
        Assert.Equal(Open, File.GetUnixFileMode(_directory.File("s")));
    }

    [LinuxFact]
    public void The_mode_is_0600_from_the_moment_the_file_exists_even_with_umask_0() => Child.Run(WatchTheMode, _directory.File("s"));

    private static void WatchTheMode()
    {
        _ = Libc.UMask(0);
        var address = UnixSocketAddress.FromPath(Child.Argument);
        int seen = 0;
        UnixFileMode other = UnixSocketListener.DefaultMode;
        var watching = new Thread(() =>
        {
            while (Volatile.Read(ref seen) < 2000)
            {
                if (SysStat.TryGetStatusOfLink(address.Name, out SysStat.FileStatus status))
                {
                    UnixFileMode mode = (UnixFileMode)(status.Mode & 0xFFF);
                    other = mode == UnixSocketListener.DefaultMode ? other : mode;
                    Interlocked.Increment(ref seen);
                }
            }
        });
        watching.Start();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (watching.IsAlive && clock.Elapsed < Patience.Long)
        {
            UnixSocketListener.Create(address, SocketType.Dgram).Dispose();
        }

        Assert.True(watching.Join(0), "The file was not seen often enough.");
        Assert.Equal(UnixSocketListener.DefaultMode, other);
    }

    [LinuxTheory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.UserRead)]
    public void The_mode_does_not_depend_on_the_umask(UnixFileMode mode) =>
        Child.Run(CreateWithUMask, $"{(int)mode} {_directory.File("s")}");

    private static void CreateWithUMask()
    {
        _ = Libc.UMask(0x3F);
        string[] arguments = Child.Argument.Split(' ', 2);
        var mode = (UnixFileMode)int.Parse(arguments[0]);
        using UnixSocketListener listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(arguments[1]), mode: mode);
        Assert.Equal(mode, File.GetUnixFileMode(arguments[1]));
    }

    [LinuxFact]
    public void A_regular_file_at_the_path_is_EADDRINUSE_and_is_never_removed()
    {
        _directory.Write("s", "precious");
        foreach (bool replaceStale in (bool[])[false, true])
        {
            SystemCallException exception = Assert.Throws<SystemCallException>(
                () => UnixSocketListener.Create(Address, replaceStale: replaceStale));
            Assert.Equal(("bind", "EADDRINUSE"), (exception.Call, exception.ErrnoName));
            Assert.Equal(_directory.File("s"), exception.Subject);
        }

        Assert.Equal("precious", File.ReadAllText(_directory.File("s")));
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void A_socket_in_use_is_EADDRINUSE_and_is_never_removed(SocketType type)
    {
        using Socket listener = UnixSocketListener.Create(Address, type);
        foreach (SocketType other in (SocketType[])[SocketType.Stream, SocketType.Seqpacket, SocketType.Dgram])
        {
            foreach (bool replaceStale in (bool[])[false, true])
            {
                SystemCallException exception = Assert.Throws<SystemCallException>(
                    () => UnixSocketListener.Create(Address, other, replaceStale: replaceStale));
                Assert.Equal("EADDRINUSE", exception.ErrnoName);
            }
        }

        Assert.True(File.Exists(_directory.File("s")));
    }

    [UnixDiagFact]
    public void A_listener_whose_backlog_is_full_is_in_use()
    {
        using Socket listener = UnixSocketListener.Create(Address, backlog: 0);
        using Socket waiting = UnixSocket.Connect(Address, SocketType.Stream, Patience.Long);
        SystemCallException exception = Assert.Throws<SystemCallException>(
            () => UnixSocketListener.Create(Address, replaceStale: true));
        Assert.Contains("a process listens on it", exception.Message);
        using Socket accepted = UnixSocket.Accept(listener.SafeHandle, Patience.Long);
        Assert.True(accepted.Connected);
    }

    [UnixDiagTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void A_stale_socket_is_replaced_only_on_request(SocketType type)
    {
        MakeStale();
        SystemCallException exception = Assert.Throws<SystemCallException>(() => UnixSocketListener.Create(Address, type));
        Assert.Equal("EADDRINUSE", exception.ErrnoName);
        Assert.Equal(_directory.File("s"), exception.Subject);

        using Socket listener = UnixSocketListener.Create(Address, type, replaceStale: true);
        using Socket client = UnixSocket.Connect(Address, type, Patience.Long);
        Some.Send(client, "hello"u8);
        Assert.Equal(UnixSocketListener.DefaultMode, File.GetUnixFileMode(_directory.File("s")));
    }

    [LinuxFact]
    public void A_symbolic_link_to_a_socket_is_not_a_socket_and_is_never_removed()
    {
        MakeStale();
        File.CreateSymbolicLink(_directory.File("link"), _directory.File("s"));
        SystemCallException exception = Assert.Throws<SystemCallException>(
            () => UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("link")), replaceStale: true));
        Assert.Equal("EADDRINUSE", exception.ErrnoName);
        Assert.Equal(_directory.File("s"), new FileInfo(_directory.File("link")).LinkTarget);
    }

    [LinuxFact]
    public void A_folder_that_does_not_exist_is_ENOENT()
    {
        SystemCallException exception = Assert.Throws<SystemCallException>(
            () => UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("no/such/folder"))));
        Assert.Equal(("bind", "ENOENT"), (exception.Call, exception.ErrnoName));
        Assert.Contains("no/such/folder", exception.Message);
    }

    [LinuxFact]
    public void A_path_below_a_file_is_ENOTDIR()
    {
        _directory.Write("file", "");
        Assert.Equal("ENOTDIR", Assert.Throws<SystemCallException>(
            () => UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("file/s")))).ErrnoName);
    }

    [LinuxFact]
    public void A_path_of_107_bytes_works_from_end_to_end()
    {
        string path = Path.Combine(_directory.Path, new string('x', 106 - _directory.Path.Length));
        var address = UnixSocketAddress.FromPath(path);
        Assert.Equal(107, path.Length);
        using Socket listener = UnixSocketListener.Create(address);
        using Socket client = UnixSocket.Connect(address, SocketType.Stream, Patience.Long);
        using Socket server = UnixSocket.Accept(listener.SafeHandle, Patience.Long);
        Some.Send(client, "hello"u8);
        Assert.Equal("hello", Some.Receive(server).Text);
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void An_abstract_name_leaves_no_file_and_is_free_again_when_its_socket_is_closed(SocketType type)
    {
        var address = UnixSocketAddress.FromAbstractName(Guid.NewGuid().ToString());
        for (int i = 0; i < 2; i++)
        {
            using Socket listener = UnixSocketListener.Create(address, type);
            SystemCallException exception = Assert.Throws<SystemCallException>(
                () => UnixSocketListener.Create(address, type, replaceStale: true));
            Assert.Equal("EADDRINUSE", exception.ErrnoName);
            using Socket client = UnixSocket.Connect(address, type, Patience.Long);
            Some.Send(client, "hello"u8);
            using Socket? server = type == SocketType.Dgram ? null : UnixSocket.Accept(listener.SafeHandle, Patience.Long);
            Assert.Equal("hello", Some.Receive(server ?? listener).Text);
        }

        Assert.False(File.Exists(address.Name));
    }

    // A socket file whose socket is closed.
    private void MakeStale()
    {
        Socket listener = UnixSocketListener.Create(Address);
        Closing.Release(listener.SafeHandle);
        Assert.True(File.Exists(_directory.File("s")));
    }
}
