using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>Names of users, groups and processes, and the peer of a socket.</summary>
public sealed class PeerNamesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [LinuxFact]
    public void Users_and_groups_are_found_by_name_and_by_number()
    {
        Assert.Equal(("root", "root"), (UserNames.UserOf(0), UserNames.GroupOf(0)));
        Assert.Equal(0u, UserNames.Find("root"));
        Assert.Equal(4_000_000_000u, UserNames.Find("4000000000"));
        Assert.Equal(("4000000001", "4000000002"), (UserNames.UserOf(4_000_000_001), UserNames.GroupOf(4_000_000_002)));
        Assert.Equal(Environment.UserName, UserNames.UserOf(Unistd.GetEUid()));
        Assert.Contains("not have a user psfdpass-nobody", Assert.Throws<ArgumentException>(() => UserNames.Find("psfdpass-nobody")).Message);
        Assert.Throws<ArgumentException>(() => UserNames.Find(""));
        Assert.Equal(0u, UnixSocketPeer.FindUser("root"));
    }

    [LinuxFact]
    public void A_process_whose_name_has_control_characters_is_described_without_them()
    {
        const string Own = "/proc/self/comm";
        string before = File.ReadAllText(Own).TrimEnd('\n');
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        try
        {
            File.WriteAllText(Own, "a\u001bb");
            UnixSocketPeer peer = UnixSocketPeer.Of(left.SafeHandle);
            Assert.Equal("a\u001bb", peer.Command);
            Assert.StartsWith($"pid {Environment.ProcessId} (a·b), ", peer.Describe());
        }
        finally
        {
            File.WriteAllText(Own, before);
        }
    }

    [LinuxFact]
    public void A_lookup_is_repeated_with_a_larger_buffer_until_the_entry_fits()
    {
        var sizes = new List<nuint>();
        unsafe
        {
            int found = NameLookup.Find(
                (entry, buffer, size, result) =>
                {
                    sizes.Add(size);
                    *result = entry;
                    return size < 100_000 ? Errno.ERANGE : 0;
                },
                static _ => 42);
            Assert.Equal(42, found);
            Assert.Equal(0, NameLookup.Find((_, _, _, _) => Errno.ERANGE, static _ => 42));
            Assert.Equal(0, NameLookup.Find((_, _, _, _) => Errno.ENOENT, static _ => 42));
        }

        Assert.Equal<nuint>([1024, 4096, 16384, 65536, 262144], sizes);
    }

    [LinuxFact]
    public void The_peer_of_a_pair_has_the_names_of_this_process()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using var peer = UnixSocketPeer.Of(left.SafeHandle);
        Assert.Equal(File.ReadAllText("/proc/self/comm").Trim(), peer.Command);
        Assert.Equal((UserNames.UserOf(peer.UserId), UserNames.GroupOf(peer.GroupId)), (peer.UserName, peer.GroupName));
        Assert.Equal($"pid {peer.ProcessId} ({peer.Command}), user {peer.UserId} ({peer.UserName})", peer.Describe());
        Assert.Null(peer.ProcessDescriptor);
    }

    [KernelFact(6, 5)]
    public void The_process_descriptor_refers_to_the_peer_and_is_closed_with_it()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        OpenDescriptors.AreUnchangedBy(() =>
        {
            using var peer = UnixSocketPeer.Of(left.SafeHandle, withProcessDescriptor: true);
            FileDescriptor process = Assert.IsType<FileDescriptor>(peer.ProcessDescriptor);
            Assert.Equal(DescriptorKind.ProcessDescriptor, process.Kind);
            Assert.True(process.Flags.HasFlag(DescriptorFlags.CloseOnExec));
            Assert.Contains($"Pid:\t{Environment.ProcessId}\n", File.ReadAllText($"/proc/self/fdinfo/{process.Fd}"));
        });
    }

    [LinuxFact]
    public void The_error_for_a_socket_without_a_single_peer_explains_how_to_find_the_sender()
    {
        using Socket listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("s")));
        Assert.Contains("the connections that it accepts", Assert.Throws<SystemCallException>(() => UnixSocketPeer.Of(listener.SafeHandle)).Message);
        using Socket datagrams = UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("d")), SocketType.Dgram);
        Assert.Contains("each message", Assert.Throws<SystemCallException>(() => UnixSocketPeer.Of(datagrams.SafeHandle)).Message);
    }

    [LinuxFact]
    public unsafe void Names_that_are_not_valid_UTF8_do_not_prevent_listing_the_sockets()
    {
        using FileDescriptor socket = new(Libc.Checked(SysSocket.Create(Constants.AF_UNIX, Constants.SOCK_DGRAM, 0)), ownsHandle: true);
        byte* address = stackalloc byte[SysUn.MaxSize];
        new Span<byte>(address, SysUn.MaxSize).Fill(0xff);
        *(ushort*)address = Constants.AF_UNIX;
        address[2] = 0;
        Assert.Equal(0, SysSocket.Bind(socket.Fd, address, SysUn.MaxSize));
        Assert.True(
            UnixDiag.WhyNot is not null ||
            new DescriptorInspector().ListUnixSockets().Any(entry => entry.IsAbstract && entry.Name.StartsWith("\ufffd\ufffd", StringComparison.Ordinal)));
        Assert.StartsWith("unix-datagram @\ufffd", SocketDescription.Of(socket.Fd)!.ToString());
        Assert.StartsWith("unix-datagram @\ufffd", socket.Target);
    }

    [LinuxFact]
    public void Buffer_sizes_are_set_and_capped()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        Assert.Equal(50_000, UnixSocket.SetSendBuffer(left.SafeHandle, 50_000));
        Assert.Equal(60_000, UnixSocket.SetReceiveBuffer(left.SafeHandle, 60_000));
        Assert.Equal((100_000, 120_000), (left.SendBufferSize, left.ReceiveBufferSize));
        Assert.Equal(int.Parse(File.ReadAllText("/proc/sys/net/core/wmem_max")), UnixSocket.SetSendBuffer(left.SafeHandle, int.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => UnixSocket.SetSendBuffer(left.SafeHandle, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => UnixSocket.SetReceiveBuffer(left.SafeHandle, -1));
    }
}
