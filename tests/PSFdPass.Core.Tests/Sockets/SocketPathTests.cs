using System.Net.Sockets;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Sockets;

namespace PSFdPass.Tests;

/// <summary>The path of a listener: its owner, and its removal.</summary>
public sealed class SocketPathTests : IDisposable
{
    private const UnixFileMode UserOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Everybody = (UnixFileMode)0x1B6;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private UnixSocketAddress Address => UnixSocketAddress.FromPath(_directory.File("s"));

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void Disposing_removes_the_path(SocketType type)
    {
        UnixSocketListener.Create(Address, type).Dispose();
        Assert.False(File.Exists(_directory.File("s")));
    }

    [LinuxFact]
    public void Disposing_leaves_the_socket_of_another_server_at_the_path()
    {
        UnixSocketListener first = UnixSocketListener.Create(Address);
        File.Delete(_directory.File("s"));
        using UnixSocketListener second = UnixSocketListener.Create(Address);
        first.Dispose();
        using Socket client = UnixSocket.Connect(Address);
        using Socket server = UnixSocket.Accept(second.SafeHandle, Patience.Long);
    }

    [LinuxFact]
    public void Disposing_leaves_a_file_or_a_link_at_the_path()
    {
        UnixSocketListener first = UnixSocketListener.Create(Address);
        File.Move(_directory.File("s"), _directory.File("moved"));
        _directory.Write("s", "precious");
        first.Dispose();
        Assert.Equal("precious", File.ReadAllText(_directory.File("s")));

        File.Delete(_directory.File("s"));
        UnixSocketListener second = UnixSocketListener.Create(Address);
        File.Move(_directory.File("s"), _directory.File("other"));
        File.CreateSymbolicLink(_directory.File("s"), _directory.File("other"));
        second.Dispose();
        Assert.Equal(_directory.File("other"), new FileInfo(_directory.File("s")).LinkTarget);
    }

    [LinuxFact]
    public void Disposing_after_the_descriptor_was_closed_leaves_the_path_for_the_receiver()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        UnixSocketListener listener = UnixSocketListener.Create(Address);
        left.SendDescriptors(listener.SafeHandle);
        Closing.Release(listener.SafeHandle);
        listener.Dispose();
        using ReceivedMessage message = Some.Receive(right);
        using Socket client = UnixSocket.Connect(Address);
        using Socket server = UnixSocket.Accept(message.Descriptors[0].SafeHandle, Patience.Long);
        Assert.True(server.Connected);
    }

    [LinuxFact]
    public void A_failed_creation_leaves_no_path()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => UnixSocketListener.Create(Address, SocketType.Raw));
        Assert.False(File.Exists(_directory.File("s")));
    }

    [LinuxFact]
    public void The_mode_is_not_set_through_a_link_that_has_replaced_the_socket()
    {
        string victim = _directory.Write("victim", "not ours");
        File.SetUnixFileMode(victim, UserOnly);
        using UnixSocketListener listener = UnixSocketListener.Create(Address);
        SocketFile file = SocketFile.Find(_directory.File("s"))!;
        ulong inode = InodeOf(listener);
        File.Move(_directory.File("s"), _directory.File("moved"));
        foreach (string target in (string[])[victim, _directory.File("moved")])
        {
            File.CreateSymbolicLink(_directory.File("s"), target);
            SystemCallException refused = Assert.Throws<SystemCallException>(() => file.SetMode(Everybody, inode));
            Assert.Equal("EADDRINUSE", refused.ErrnoName);
            Assert.Equal(UserOnly, File.GetUnixFileMode(target));
            File.Delete(_directory.File("s"));
        }
    }

    [LinuxFact]
    public void A_path_that_is_swapped_while_the_mode_is_set_changes_no_other_file() => Child.Run(SwapWhileListening, _directory.Path);

    private static void SwapWhileListening()
    {
        // With this umask the file does not get the mode when it is created, so that it has to be set by its path.
        _ = Libc.UMask(0x1FF);
        string path = Path.Join(Child.Argument, "s");
        string victim = Path.Join(Child.Argument, "victim");
        string link = Path.Join(Child.Argument, "link");
        File.WriteAllText(victim, "not ours");
        File.SetUnixFileMode(victim, UserOnly);
        bool isOver = false;
        var swapping = new Thread(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                // rename(2) replaces the path, even while it is bound.
                File.CreateSymbolicLink(link, victim);
                File.Move(link, path, overwrite: true);
                File.Delete(path);
            }
        });
        swapping.Start();
        int created = 0;
        for (int round = 0; round < 3000; round++)
        {
            try
            {
                UnixSocketListener.Create(UnixSocketAddress.FromPath(path), mode: Everybody).Dispose();
                created++;
            }
            catch (SystemCallException exception)
            {
                Assert.Contains(exception.ErrnoName, (string[])["EADDRINUSE", "ENOENT"]);
            }

            Assert.Equal(UserOnly, File.GetUnixFileMode(victim));
        }

        Volatile.Write(ref isOver, true);
        swapping.Join();
        Assert.NotEqual(0, created);
    }

    private static ulong InodeOf(Socket socket) =>
        SysStat.TryGetStatus((int)socket.SafeHandle.DangerousGetHandle(), out SysStat.FileStatus status) ? status.Inode : 0;

    [LinuxFact]
    public void A_relative_path_is_made_absolute() => Child.Run(CreateAndMove, _directory.Path);

    private static void CreateAndMove()
    {
        Environment.CurrentDirectory = Child.Argument;
        UnixSocketListener listener = UnixSocketListener.Create(UnixSocketAddress.FromPath("s"));
        Assert.Equal(Path.Join(Environment.CurrentDirectory, "s"), listener.Address.Name);
        Environment.CurrentDirectory = "/";
        listener.Dispose();
        Assert.False(File.Exists(Path.Join(Child.Argument, "s")));
    }

    [LinuxFact]
    public void A_relative_path_in_a_deep_directory_is_bound_as_a_relative_path() => Child.Run(CreateDeep, _directory.Path);

    private static void CreateDeep()
    {
        string deep = Directory.CreateDirectory(Path.Join(Child.Argument, new string('d', 120))).FullName;
        Environment.CurrentDirectory = deep;
        UnixSocketListener listener = UnixSocketListener.Create(UnixSocketAddress.FromPath("s"));
        Assert.True(File.Exists(Path.Join(deep, "s")));
        Environment.CurrentDirectory = "/";
        listener.Dispose();
        Assert.False(File.Exists(Path.Join(deep, "s")));
    }
}
