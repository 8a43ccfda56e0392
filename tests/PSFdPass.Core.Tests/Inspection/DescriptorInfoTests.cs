using System.Net.Sockets;
using System.Net;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>
/// DescriptorInfo reports the same whether it is read from the descriptor itself or from /proc, and the same as FileDescriptor.
/// </summary>
public sealed unsafe class DescriptorInfoTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly List<IDisposable> _open = [];

    public void Dispose()
    {
        _open.ForEach(one => one.Dispose());
        _folder.Dispose();
    }

    public static TheoryData<string> Kinds =>
    [
        "file", "append", "deleted", "directory", "link", "fifo", "pipe", "null", "memory", "event", "timer", "epoll", "inotify",
        "process", "namespace", "tcp", "tcp6", "tcp-listener", "tcp-fresh", "udp", "udp-fresh", "udp-connected", "unix-pair", "unix-listener",
        "unix-client", "unix-accepted", "unix-fresh", "unix-packets", "unix-datagram", "unix-datagram-connected", "abstract", "netlink",
    ];

    /// <summary>The kinds about which /proc reports everything.</summary>
    public static TheoryData<string> KindsInTables =>
        [
            .. from row in (IEnumerable<object[]>)Kinds
               let kind = (string)row[0]
               where kind is not ("tcp-fresh" or "netlink" or "unix-client" or "unix-datagram" or "unix-datagram-connected")
               select kind,
        ];

    /// <summary>The kinds whose peer only unix_diag reports.</summary>
    [UnixDiagTheory]
    [InlineData("unix-client")]
    [InlineData("unix-datagram")]
    [InlineData("unix-datagram-connected")]
    public void Proc_and_unix_diag_report_what_the_descriptor_reports(string kind) => Proc_reports_the_same_as_the_descriptor(kind);

    [LinuxTheory]
    [MemberData(nameof(KindsInTables))]
    public void Proc_reports_the_same_as_the_descriptor(string kind)
    {
        int fd = Make(kind);
        var inspector = new DescriptorInspector();
        DescriptorInfo own = inspector.Describe(Environment.ProcessId, fd);
        DescriptorInfo? fromProc = inspector.DescribeFromProc(Environment.ProcessId, fd, []);
        Assert.NotNull(fromProc);
        Assert.Equal(Facts(own), Facts(fromProc));
    }

    [LinuxTheory]
    [MemberData(nameof(Kinds))]
    public void DescriptorInfo_agrees_with_FileDescriptor(string kind)
    {
        int fd = Make(kind);
        DescriptorInfo info = new DescriptorInspector().Describe(Environment.ProcessId, fd);
        using var descriptor = new FileDescriptor(fd, ownsHandle: false);
        Assert.Equal(
            (descriptor.Fd, descriptor.Kind, descriptor.Access, descriptor.Target, descriptor.Flags),
            (info.Fd, info.Kind, info.Access, info.Target, info.Flags));
        Assert.Equal(descriptor.ToString(), info.ToString());
    }

    [LinuxFact]
    public void With_a_full_table_listing_fails_with_EMFILE() => Child.Run(ListWithFullTable);

    [LinuxFact]
    public void A_TCP_socket_that_is_missing_from_the_tables_has_no_address()
    {
        using Socket bound = Bound(AddressFamily.InterNetwork, SocketType.Stream);
        DescriptorInfo info = new DescriptorInspector().DescribeFromProc(Environment.ProcessId, (int)bound.Handle, [])!;
        Assert.Equal(
            (SocketFamily.Inet, SocketType.Stream, SocketState.Closed, "tcp"), (info.Family, info.SocketType, info.State, info.Target));
        Assert.Null(info.LocalEndPoint);
    }

    [LinuxTheory]
    [InlineData(false, 'y')]
    [InlineData(true, 'y')]
    [InlineData(true, '\xff')]
    public void Names_that_are_too_long_for_NET_are_shown_and_do_not_affect_other_sockets(bool isAbstract, char letter)
    {
        // sun_path to its last byte: a path without the NUL at its end, or an abstract name that need not be UTF-8.
        byte[] address = new byte[2 + Constants.Current.SunPathSize];
        address.AsSpan().Fill((byte)letter);
        (address[0], address[1]) = (Constants.AF_UNIX, 0);
        if (isAbstract)
        {
            address[2] = 0;
        }
        else
        {
            System.Text.Encoding.UTF8.GetBytes(_folder.Path + "/", address.AsSpan(2));
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        fixed (byte* bytes = address)
        {
            Libc.Checked(SysSocket.Bind((int)socket.Handle, bytes, (uint)address.Length));
        }

        var inspector = new DescriptorInspector();
        DescriptorInfo own = inspector.Describe(Environment.ProcessId, (int)socket.Handle);
        string shown = System.Text.Encoding.UTF8.GetString(address.AsSpan(isAbstract ? 3 : 2));
        Assert.Equal("unix " + (isAbstract ? "@" : "") + shown, own.Target);
        Assert.Equal(Facts(own), Facts(inspector.DescribeFromProc(Environment.ProcessId, (int)socket.Handle, [])!));
        Assert.Equal(Environment.ProcessId, inspector.Describe(Environment.ProcessId, Make("unix-pair")).PeerProcessId);
    }

    [LinuxFact]
    public void A_netlink_socket_has_no_state()
    {
        int fd = Make("netlink");
        var inspector = new DescriptorInspector();
        foreach (DescriptorInfo info in new[] { inspector.Describe(Environment.ProcessId, fd), inspector.DescribeFromProc(Environment.ProcessId, fd, [])! })
        {
            Assert.Equal((SocketFamily.Netlink, "netlink"), (info.Family, info.Target));
            Assert.Null(info.State);
        }
    }

    [LinuxFact]
    public void A_list_contains_the_open_descriptors_in_numerical_order()
    {
        int[] mine = [Make("file"), Make("unix-pair"), Make("epoll")];
        DescriptorInfo[] all = [.. new DescriptorInspector().List(Environment.ProcessId)];
        int[] numbers = [.. all.Select(info => info.Fd)];
        Assert.Equal(numbers.Order(), numbers);
        Assert.Subset(numbers.ToHashSet(), mine.ToHashSet());
        Assert.All(all, info => Assert.Equal(Environment.ProcessId, info.ProcessId));
    }

    [LinuxFact]
    public void A_list_can_be_limited_to_some_kinds()
    {
        int epoll = Make("epoll");
        Assert.Contains(epoll, new DescriptorInspector().List(Environment.ProcessId, DescriptorKind.Epoll).Select(info => info.Fd));
        Assert.All(
            new DescriptorInspector().List(Environment.ProcessId, DescriptorKind.Epoll, DescriptorKind.Pipe),
            info => Assert.Contains(info.Kind, new[] { DescriptorKind.Epoll, DescriptorKind.Pipe }));
    }

    [LinuxFact]
    public void A_descriptor_that_is_closed_during_the_listing_is_left_out()
    {
        int[] numbers = [Make("file"), Make("file")];
        using IEnumerator<DescriptorInfo> list = new DescriptorInspector().List(Environment.ProcessId).GetEnumerator();
        Assert.True(list.MoveNext());
        Assert.True(numbers[0] > list.Current.Fd);
        _open[0].Dispose();
        var rest = new List<int>();
        while (list.MoveNext())
        {
            rest.Add(list.Current.Fd);
        }

        Assert.DoesNotContain(numbers[0], rest);
        Assert.Contains(numbers[1], rest);
    }

    [LinuxFact]
    public void An_inspector_keeps_its_socket_table_and_a_new_inspector_reads_a_new_one()
    {
        var inspector = new DescriptorInspector();
        _ = inspector.DescribeFromProc(Environment.ProcessId, Make("unix-pair"), []);
        int listener = Make("unix-listener");
        Assert.Null(inspector.DescribeFromProc(Environment.ProcessId, listener, [])!.LocalEndPoint);
        Assert.NotNull(new DescriptorInspector().DescribeFromProc(Environment.ProcessId, listener, [])!.LocalEndPoint);
    }

    [LinuxFact]
    public void The_peer_of_a_pair_is_this_process()
    {
        DescriptorInfo info = new DescriptorInspector().Describe(Environment.ProcessId, Make("unix-pair"));
        Assert.Equal(Environment.ProcessId, info.PeerProcessId);
        Assert.Equal(File.ReadAllText("/proc/self/comm").TrimEnd(), info.PeerCommand);
    }

    [LinuxFact]
    public void A_number_that_is_not_open_causes_EBADF()
    {
        var exception = Assert.Throws<SystemCallException>(() => new DescriptorInspector().Describe(Environment.ProcessId, 999999));
        Assert.Equal("EBADF", exception.ErrnoName);
        using Program other = Program.Start("cat");
        exception = Assert.Throws<SystemCallException>(() => new DescriptorInspector().Describe(other.Id, 999999));
        Assert.Equal("EBADF", exception.ErrnoName);
        Assert.Contains($"descriptor 999999 of process {other.Id}", exception.Message);
    }

    [LinuxFact]
    public void A_process_that_has_ended_causes_ESRCH()
    {
        int gone;
        using (Program program = Program.Start("true"))
        {
            gone = program.Id;
            program.Finish().Succeeded();
        }

        Assert.Equal("ESRCH", Assert.Throws<SystemCallException>(() => new DescriptorInspector().List(gone)).ErrnoName);
        Assert.Equal("ESRCH", Assert.Throws<SystemCallException>(() => new DescriptorInspector().Describe(gone, 0)).ErrnoName);
    }

    [LinuxFact]
    public void Inspecting_leaves_nothing_open()
    {
        _ = Make("unix-pair");
        _ = Make("memory");
        using Program other = Program.Start("cat");
        OpenDescriptors.AreUnchangedBy(() =>
        {
            _ = new DescriptorInspector().List(Environment.ProcessId).Count();
            _ = new DescriptorInspector().List(other.Id).Count();
            Assert.Throws<SystemCallException>(() => new DescriptorInspector().Describe(other.Id, 999999));
        });
    }

    private static void ListWithFullTable()
    {
        Assert.NotEmpty(new DescriptorInspector().List(Environment.ProcessId));
        FullTable.WarmUp();
        using (new FullTable(free: 0))
        {
            SystemCallException error = Assert.Throws<SystemCallException>(void () => new DescriptorInspector().List(Environment.ProcessId));
            Assert.Equal("EMFILE", error.ErrnoName);
        }
    }

    private static string Facts(DescriptorInfo info) => string.Join(
        '\n',
        typeof(DescriptorInfo).GetProperties().Where(property => property.Name != "Flags").Select(property => $"{property.Name} {property.GetValue(info)}")
            .Append($"Flags {info.Flags}"));

    private int Make(string kind)
    {
        switch (kind)
        {
            case "file":
                var file = FileDescriptor.Open(_folder.Write("file", "0123456789"), FileAccess.ReadWrite);
                _ = Libc.Seek(file.Fd, 4, 0);
                return Keep(file);
            case "append":
                return Keep(FileDescriptor.Open(_folder.File("log"), new FileOpenOptions { Access = FileAccess.Write, Create = true, Append = true }, Patience.Long));
            case "deleted":
                var deleted = FileDescriptor.Open(_folder.Write("gone", "x"));
                File.Delete(_folder.File("gone"));
                return Keep(deleted);
            case "directory":
                return Keep(FileDescriptor.Open(_folder.Path));
            case "link":
                File.CreateSymbolicLink(_folder.File("link"), "/etc");
                return Keep(Fcntl.Open(
                    _folder.File("link"), Constants.Current.O_PATH | Constants.Current.O_NOFOLLOW | Constants.Current.O_CLOEXEC));
            case "fifo":
                Libc.Checked(Libc.MkFifo(_folder.File("fifo"), 0x180));
                return Keep(FileDescriptor.Open(_folder.File("fifo"), FileAccess.ReadWrite));
            case "pipe":
                (FileDescriptor reader, FileDescriptor writer) = Some.Pipe(nonBlocking: true);
                _open.Add(writer);
                return Keep(reader);
            case "null":
                return Keep(Some.Null());
            case "memory":
                return Keep(FileDescriptor.CreateMemoryFile("some", "abc"u8, MemoryFileSeals.Grow | MemoryFileSeals.Shrink));
            case "event":
                return Keep(Libc.EventFd(0, 0));
            case "timer":
                return Keep(Libc.TimerFdCreate(1, 0));
            case "epoll":
                return Keep(Libc.EpollCreate1(0));
            case "inotify":
                return Keep(Libc.InotifyInit1(0));
            case "process":
                return Keep(Libc.PidFdOpen(Environment.ProcessId));
            case "namespace":
                return Keep(FileDescriptor.Open("/proc/self/ns/net"));
            case "tcp":
                (TcpClient client, Socket server) = Some.TcpConnection();
                _open.Add(client);
                return Keep(server);
            case "tcp6":
                Socket listener6 = Bound(AddressFamily.InterNetworkV6, SocketType.Stream);
                listener6.Listen();
                return Keep(listener6);
            case "tcp-listener":
                Socket listener = Bound(AddressFamily.InterNetwork, SocketType.Stream);
                listener.Listen();
                return Keep(listener);
            case "tcp-fresh":
                return Keep(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            case "udp":
                return Keep(Bound(AddressFamily.InterNetwork, SocketType.Dgram));
            case "udp-fresh":
                return Keep(new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
            case "udp-connected":
                Socket target = Bound(AddressFamily.InterNetwork, SocketType.Dgram);
                _open.Add(target);
                Socket udp = Bound(AddressFamily.InterNetwork, SocketType.Dgram);
                udp.Connect(target.LocalEndPoint!);
                return Keep(udp);
            case "unix-pair":
                return Keep(Pair(SocketType.Stream));
            case "unix-packets":
                return Keep(Pair(SocketType.Seqpacket));
            case "unix-fresh":
                return Keep(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
            case "unix-listener":
                return Keep(UnixSocketListener.Create(UnixSocketAddress.FromPath(_folder.File("a.sock"))));
            case "unix-client" or "unix-accepted":
                var address = UnixSocketAddress.FromPath(_folder.File("b.sock"));
                Socket waiting = UnixSocketListener.Create(address);
                Socket connected = UnixSocket.Connect(address, SocketType.Stream, Patience.Long);
                Socket accepted = waiting.Accept();
                _open.AddRange([waiting, connected, accepted]);
                return (int)(kind == "unix-client" ? connected : accepted).Handle;
            case "unix-datagram" or "unix-datagram-connected":
                var place = UnixSocketAddress.FromPath(_folder.File("c.sock"));
                Socket bound = UnixSocketListener.Create(place, SocketType.Dgram);
                var other = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
                other.Connect(bound.LocalEndPoint!);
                _open.AddRange([bound, other]);
                return (int)(kind == "unix-datagram" ? bound : other).Handle;
            case "abstract":
                return Keep(UnixSocketListener.Create(UnixSocketAddress.FromAbstractName($"psfdpass-{Guid.NewGuid()}")));
            case "netlink":
                return Keep(SysSocket.Create(16, 3, 0));
            default:
                throw new ArgumentException(kind);
        }
    }

    private static Socket Bound(AddressFamily family, SocketType type)
    {
        var socket = new Socket(family, type, ProtocolType.Unspecified);
        socket.Bind(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback, 0));
        return socket;
    }

    private Socket Pair(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        _open.Add(right);
        return left;
    }

    private int Keep(int fd) => Keep(new FileDescriptor(Libc.Checked(fd), ownsHandle: true));

    private int Keep(FileDescriptor descriptor)
    {
        _open.Add(descriptor);
        return descriptor.Fd;
    }

    private int Keep(Socket socket)
    {
        _open.Add(socket);
        return (int)socket.Handle;
    }
}
