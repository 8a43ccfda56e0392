using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Inspection;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>Users, groups and processes by name, and who has a socket.</summary>
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
        Assert.Contains("no user psfdpass-nobody", Assert.Throws<ArgumentException>(() => UserNames.Find("psfdpass-nobody")).Message);
        Assert.Throws<ArgumentException>(() => UserNames.Find(""));
    }

    [LinuxFact]
    public void A_process_whose_name_has_control_characters_is_described_without()
    {
        const string Own = "/proc/self/comm";
        string before = File.ReadAllText(Own).TrimEnd('\n');
        (Socket left, Socket right) = UnixSocketPair.Create();
        using var _ = left;
        using var __ = right;
        try
        {
            File.WriteAllText(Own, "a\u001bb");
            UnixSocketPeer peer = UnixSocketPeer.Of(left.SafeHandle);
            Assert.Equal("a\u001bb", peer.ProcessName);
            Assert.StartsWith($"pid {Environment.ProcessId} (a·b), ", peer.Describe());
            Assert.Equal($"pid {Environment.ProcessId} (a·b)", UnixSocketTable.Describe(Environment.ProcessId));
        }
        finally
        {
            File.WriteAllText(Own, before);
        }
    }

    [LinuxFact]
    public void A_lookup_goes_on_with_a_larger_buffer_until_the_entry_has_room()
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
    public void The_peer_of_a_pair_has_our_names()
    {
        (Socket left, Socket right) = UnixSocketPair.Create();
        using var _ = left;
        using var __ = right;
        using var peer = UnixSocketPeer.Of(left.SafeHandle);
        Assert.Equal(File.ReadAllText("/proc/self/comm").Trim(), peer.ProcessName);
        Assert.Equal((UserNames.UserOf(peer.UserId), UserNames.GroupOf(peer.GroupId)), (peer.UserName, peer.GroupName));
        Assert.Equal($"pid {peer.ProcessId} ({peer.ProcessName}), user {peer.UserId} ({peer.UserName})", peer.Describe());
        Assert.Null(peer.ProcessDescriptor);
    }

    [KernelFact(6, 5)]
    public void A_process_descriptor_is_the_peers_and_goes_with_it()
    {
        (Socket left, Socket right) = UnixSocketPair.Create();
        using var _ = left;
        using var __ = right;
        OpenDescriptors.AreLeftAsTheyWere(() =>
        {
            using var peer = UnixSocketPeer.Of(left.SafeHandle, withProcessDescriptor: true);
            FileDescriptor process = Assert.IsType<FileDescriptor>(peer.ProcessDescriptor);
            Assert.Equal(DescriptorKind.ProcessDescriptor, process.Kind);
            Assert.True(process.Flags.HasFlag(DescriptorFlags.CloseOnExec));
            Assert.Contains($"Pid:\t{Environment.ProcessId}\n", File.ReadAllText($"/proc/self/fdinfo/{process.Fd}"));
        });
    }

    [LinuxFact]
    public void An_end_that_has_no_single_peer_says_whom_to_ask()
    {
        using Socket listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("s")));
        Assert.Contains("ask the connections", Assert.Throws<SystemCallException>(() => UnixSocketPeer.Of(listener.SafeHandle)).Message);
        using Socket datagrams = UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("d")), SocketType.Dgram);
        Assert.Contains("each message", Assert.Throws<SystemCallException>(() => UnixSocketPeer.Of(datagrams.SafeHandle)).Message);
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public void An_address_in_use_says_who_has_it(SocketType type)
    {
        string me = UnixSocketTable.Describe(Environment.ProcessId);
        var path = UnixSocketAddress.FromPath(_directory.File("s"));
        var name = UnixSocketAddress.FromAbstractName(Guid.NewGuid().ToString());
        using Socket first = UnixSocketListener.Create(path, type);
        using Socket second = UnixSocketListener.Create(name, type);
        foreach ((UnixSocketAddress address, string words) in ((UnixSocketAddress, string)[])[(path, "in use"), (name, "taken")])
        {
            SystemCallException exception = Assert.Throws<SystemCallException>(() => UnixSocketListener.Create(address, type));
            Assert.Equal("EADDRINUSE", exception.ErrnoName);
            Assert.Contains($"{address} is {words} by {me}", exception.Message);
            Assert.Equal(me, UnixSocketTable.HolderAt(address));
        }

        Assert.Null(UnixSocketTable.HolderAt(UnixSocketAddress.FromPath(_directory.File("none"))));
        string root = _directory.File("");
        foreach (UnixSocketAddress longest in (UnixSocketAddress[])
        [
            UnixSocketAddress.FromPath(root + new string('p', 107 - root.Length)),
            UnixSocketAddress.FromAbstractName(Guid.NewGuid().ToString().PadRight(107, 'n')),
        ])
        {
            using Socket listener = UnixSocketListener.Create(longest, type);
            Assert.Equal(me, UnixSocketTable.HolderAt(longest));
        }
    }

    [LinuxFact]
    public unsafe void Names_that_are_no_text_keep_nobody_from_reading_the_table()
    {
        using FileDescriptor socket = new(Libc.Checked(SysSocket.Create(Constants.AF_UNIX, Constants.SOCK_DGRAM, 0)), ownsHandle: true);
        byte* address = stackalloc byte[SysUn.MaxSize];
        new Span<byte>(address, SysUn.MaxSize).Fill(0xff);
        *(ushort*)address = Constants.AF_UNIX;
        address[2] = 0;
        Assert.Equal(0, SysSocket.Bind(socket.Fd, address, SysUn.MaxSize));
        Assert.Contains(UnixSocketTable.Read(), entry => entry.Name.StartsWith("@\ufffd\ufffd", StringComparison.Ordinal));
        Assert.StartsWith("unix-datagram @\ufffd", SocketDescription.Of(socket.Fd)!.ToString());
        Assert.StartsWith("unix-datagram @\ufffd", socket.Target);

        // A line feed in a name ends its line, and what follows is no line of the table.
        using Socket broken = UnixSocketListener.Create(UnixSocketAddress.FromAbstractName($"{Guid.NewGuid()}\nab cd ef"));
        Assert.NotEmpty(UnixSocketTable.Read());
    }

    [LinuxFact]
    public void Buffers_are_set_and_capped()
    {
        (Socket left, Socket right) = UnixSocketPair.Create();
        using var _ = left;
        using var __ = right;
        Assert.Equal(50_000, SocketBuffers.SetSend(left, 50_000));
        Assert.Equal(60_000, SocketBuffers.SetReceive(left, 60_000));
        Assert.Equal((100_000, 120_000), (left.SendBufferSize, left.ReceiveBufferSize));
        Assert.Equal(int.Parse(File.ReadAllText("/proc/sys/net/core/wmem_max")), SocketBuffers.SetSend(left, int.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => SocketBuffers.SetSend(left, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => SocketBuffers.SetReceive(left, -1));
    }

    [LinuxFact]
    public void Accepting_passes_over_users_who_are_not_allowed()
    {
        using Socket listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("s")));
        uint me = Unistd.GetEUid();
        using Socket refused = Connect();
        var heard = new List<UnixSocketPeer>();
        Assert.Throws<TimeoutException>(() => UnixSocketConnection.AcceptFrom(
            listener.SafeHandle, new HashSet<uint> { me + 1 }, heard.Add, Patience.Short));
        Assert.Equal(Environment.ProcessId, Assert.Single(heard).ProcessId);
        Assert.Equal(0, refused.Receive(new byte[1]));

        using Socket client = Connect();
        using Socket allowed = UnixSocketConnection.AcceptFrom(
            listener.SafeHandle, new HashSet<uint> { me }, peer => Assert.Fail($"{peer} was refused."), Patience.Long);
        Some.Send(client, "x"u8);
        using ReceivedMessage message = Some.Receive(allowed);
        Assert.Equal("x", message.Text);

        // What hears of a refusal may stop it all; nothing leaks then.
        OpenDescriptors.AreLeftAsTheyWere(() =>
        {
            using Socket again = Connect();
            Assert.Throws<InvalidDataException>(() => UnixSocketConnection.AcceptFrom(
                listener.SafeHandle, new HashSet<uint>(), _ => throw new InvalidDataException(), Patience.Long));
        });

        Socket Connect() => UnixSocketConnection.Connect(
            UnixSocketAddress.FromPath(_directory.File("s")), SocketType.Stream, Patience.Long);
    }
}
