using System.Net.Sockets;
using PSFdPass.Handles;

namespace PSFdPass.Tests;

/// <summary>The path of a listener: whose it is, and who removes it.</summary>
public sealed class SocketPathTests : IDisposable
{
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
    public void Disposing_after_the_descriptor_was_closed_leaves_the_path_to_the_receiver()
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
    public void A_failure_after_bind_leaves_no_path()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => UnixSocketListener.Create(Address, SocketType.Raw));
        Assert.False(File.Exists(_directory.File("s")));
    }

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
    public void A_relative_path_in_a_deep_directory_is_bound_as_it_is() => Child.Run(CreateDeep, _directory.Path);

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
