using System.Net.Sockets;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>The list of named sockets, in which the name of a socket can't forge an entry.</summary>
public sealed class UnixSocketListTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    // In /proc/net/unix, the name below ends its row, and adds a row that can't be distinguished from a real one.
    [UnixDiagFact]
    public void A_newline_in_an_abstract_name_adds_no_socket()
    {
        const ulong Inode = 4_000_000_017;
        string name = $"{Guid.NewGuid().ToString("N")[..6]}\n0: 2 0 00010000 0001 01 {Inode} /forged";
        using UnixSocketListener listener = UnixSocketListener.Create(UnixSocketAddress.FromAbstractName(name));
        Assert.Contains($"{Inode} /forged", File.ReadAllText("/proc/net/unix"));

        IReadOnlyList<UnixSocketEntry> entries = new DescriptorInspector().ListUnixSockets();
        Assert.DoesNotContain(entries, entry => entry.Inode == Inode || entry.Name == "/forged");
        UnixSocketEntry real = Assert.Single(entries, entry => entry.Name == name);
        Assert.True(real.IsAbstract);
        Assert.Equal(Environment.ProcessId, real.ProcessId);
        Assert.Null(new DescriptorInspector().FindUnixSocket(UnixSocketAddress.FromPath("/forged")));
    }

    [UnixDiagTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void A_socket_is_found_by_its_file_and_by_its_abstract_name(SocketType type)
    {
        var inspector = new DescriptorInspector();
        var path = UnixSocketAddress.FromPath(_directory.File("s"));
        var name = UnixSocketAddress.FromAbstractName(Guid.NewGuid().ToString());
        Assert.Null(inspector.FindUnixSocket(path));
        using UnixSocketListener first = UnixSocketListener.Create(path, type);
        using UnixSocketListener second = UnixSocketListener.Create(name, type);
        foreach ((UnixSocketAddress address, UnixSocketListener listener) in new[] { (path, first), (name, second) })
        {
            UnixSocketEntry? entry = new DescriptorInspector().FindUnixSocket(address);
            Assert.NotNull(entry);
            Assert.True(SysStat.TryGetStatus((int)listener.Handle, out SysStat.FileStatus status));
            Assert.Equal(
                (address.ToString(), type, status.Inode, Environment.ProcessId, File.ReadAllText("/proc/self/comm").Trim()),
                (entry.ToString(), entry.Type, entry.Inode, entry.ProcessId, entry.Command));
            Assert.Equal(Environment.ProcessId, new DescriptorInspector().FindHolder(status.Inode));
        }

        File.Delete(_directory.File("s"));
        Assert.Null(new DescriptorInspector().FindUnixSocket(path));
    }

    // /proc/net/unix lists an accepted connection with the name of its listener.
    [UnixDiagFact]
    public void Accepted_connections_are_not_listed()
    {
        var address = UnixSocketAddress.FromPath(_directory.File("s"));
        using UnixSocketListener listener = UnixSocketListener.Create(address);
        using Socket client = UnixSocket.Connect(address);
        using Socket server = UnixSocket.Accept(listener.SafeHandle, Patience.Long);
        Assert.Single(new DescriptorInspector().ListUnixSockets(), entry => entry.Name == _directory.File("s"));
    }
}
