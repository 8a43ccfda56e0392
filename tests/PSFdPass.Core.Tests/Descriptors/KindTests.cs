using System.Net.Sockets;
using System.Net;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>The kind, access, target and flags of descriptors of every kind that can be created here.</summary>
public sealed class KindTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [LinuxTheory]
    [InlineData(FileAccess.Read, DescriptorAccess.Read)]
    [InlineData(FileAccess.Write, DescriptorAccess.Write)]
    [InlineData(FileAccess.ReadWrite, DescriptorAccess.ReadWrite)]
    public void A_file(FileAccess access, DescriptorAccess expected)
    {
        string path = _directory.Write("file", "text");
        using FileDescriptor descriptor = FileDescriptor.Open(path, access);
        AssertIs(descriptor, DescriptorKind.File, expected, path);
        Assert.Equal($"{descriptor.Fd} File {path}", descriptor.ToString());
    }

    [LinuxFact]
    public void A_file_that_was_deleted()
    {
        string path = _directory.Write("file", "text");
        using FileDescriptor descriptor = FileDescriptor.Open(path);
        File.Delete(path);
        AssertIs(descriptor, DescriptorKind.File, DescriptorAccess.Read, path + " (deleted)");
    }

    [LinuxFact]
    public void A_file_opened_for_appending()
    {
        using var descriptor = Open(_directory.Write("file", ""), Constants.O_WRONLY | Constants.Current.O_APPEND | Constants.Current.O_CLOEXEC);
        Assert.Equal(DescriptorFlags.Append | DescriptorFlags.CloseOnExec, descriptor.Flags);
        Assert.Equal(DescriptorAccess.Write, descriptor.Access);
    }

    [LinuxFact]
    public void A_directory()
    {
        using FileDescriptor descriptor = FileDescriptor.Open(_directory.Path);
        AssertIs(descriptor, DescriptorKind.Directory, DescriptorAccess.Read, _directory.Path);
    }

    [LinuxFact]
    public void A_file_opened_with_O_PATH()
    {
        string path = _directory.Write("file", "");
        using var descriptor = Open(path, Constants.Current.O_PATH | Constants.Current.O_CLOEXEC);
        AssertIs(
            descriptor, DescriptorKind.File, DescriptorAccess.None, path, DescriptorFlags.CloseOnExec | DescriptorFlags.PathOnly);
    }

    [LinuxFact]
    public void The_file_of_a_socket_opened_with_O_PATH()
    {
        string path = _directory.File("s");
        using Socket listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(path));
        using FileDescriptor descriptor = FileDescriptor.Open(path, new() { PathOnly = true }, Patience.Long);
        AssertIs(
            descriptor, DescriptorKind.Socket, DescriptorAccess.None, path, DescriptorFlags.CloseOnExec | DescriptorFlags.PathOnly);
        Assert.Null(SocketDescription.Of(descriptor.Fd));
        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(descriptor.OpenSocket).ErrnoName);
        Assert.Throws<NotSupportedException>(descriptor.OpenStream);
        Assert.Same(descriptor, descriptor.OpenObject());
        Assert.True(descriptor.IsOpen);
    }

    [LinuxFact]
    public void A_symbolic_link_itself()
    {
        string path = _directory.File("link");
        File.CreateSymbolicLink(path, "nowhere");
        using var descriptor = Open(path, Constants.Current.O_PATH | Constants.Current.O_NOFOLLOW);
        AssertIs(descriptor, DescriptorKind.SymbolicLink, DescriptorAccess.None, path, DescriptorFlags.PathOnly);
    }

    [LinuxFact]
    public void A_character_device()
    {
        using FileDescriptor descriptor = Some.Null();
        AssertIs(descriptor, DescriptorKind.CharacterDevice, DescriptorAccess.ReadWrite, "/dev/null");
    }

    [LinuxFact]
    public void A_pipe_and_its_two_ends()
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe(nonBlocking: true);
        using var _ = reader;
        using var __ = writer;
        const DescriptorFlags Flags = DescriptorFlags.CloseOnExec | DescriptorFlags.NonBlocking;
        AssertIs(reader, DescriptorKind.Pipe, DescriptorAccess.Read, reader.Target, Flags);
        AssertIs(writer, DescriptorKind.Pipe, DescriptorAccess.Write, reader.Target, Flags);
        Assert.Matches(@"^pipe:\[\d+\]$", reader.Target);
    }

    [LinuxFact]
    public void A_FIFO()
    {
        string path = _directory.File("fifo");
        Libc.Checked(Libc.MkFifo(path, 0x180));
        using FileDescriptor descriptor = FileDescriptor.Open(path, FileAccess.ReadWrite);
        AssertIs(descriptor, DescriptorKind.Pipe, DescriptorAccess.ReadWrite, path);
    }

    [LinuxFact]
    public void A_memory_file()
    {
        using FileDescriptor descriptor = Some.File();
        AssertIs(descriptor, DescriptorKind.MemoryFile, DescriptorAccess.ReadWrite, "/memfd:letters (deleted)");
    }

    [LinuxFact]
    public void Event_timer_epoll_inotify_and_signal_descriptors()
    {
        const int CloseOnExec = 0x80000;
        unsafe
        {
            ulong none = 0;
            AssertIsAnonymous(Libc.EventFd(0, CloseOnExec), DescriptorKind.Event, "anon_inode:[eventfd]");
            AssertIsAnonymous(Libc.TimerFdCreate(1, CloseOnExec), DescriptorKind.Timer, "anon_inode:[timerfd]");
            AssertIsAnonymous(Libc.EpollCreate1(CloseOnExec), DescriptorKind.Epoll, "anon_inode:[eventpoll]");
            AssertIsAnonymous(Libc.SignalFd(-1, &none, CloseOnExec), DescriptorKind.Signal, "anon_inode:[signalfd]");
            AssertIsAnonymous(Libc.InotifyInit1(CloseOnExec), DescriptorKind.Inotify, "anon_inode:inotify");
        }

        static void AssertIsAnonymous(int fd, DescriptorKind kind, string target)
        {
            using var descriptor = new FileDescriptor(Libc.Checked(fd), ownsHandle: true);
            Assert.Equal((kind, target, DescriptorFlags.CloseOnExec), (descriptor.Kind, descriptor.Target, descriptor.Flags));
            Assert.Throws<NotSupportedException>(descriptor.OpenStream);
            Assert.Same(descriptor, descriptor.OpenObject());
        }
    }

    [KernelFact(5, 3)]
    public void A_process_descriptor()
    {
        using var descriptor = new FileDescriptor(Libc.Checked(Libc.PidFdOpen(Environment.ProcessId)), ownsHandle: true);
        Assert.Equal(DescriptorKind.ProcessDescriptor, descriptor.Kind);
        Assert.Contains("pidfd", descriptor.Target);
    }

    [LinuxFact]
    public void A_namespace()
    {
        using FileDescriptor descriptor = FileDescriptor.Open("/proc/self/ns/net");
        Assert.Equal(DescriptorKind.Namespace, descriptor.Kind);
        Assert.Matches(@"^net:\[\d+\]$", descriptor.Target);
    }

    [LinuxTheory]
    [InlineData(0x6000, "/dev/sda", DescriptorKind.BlockDevice)]
    [InlineData(0, "anon_inode:[io_uring]", DescriptorKind.IoUring)]
    [InlineData(0, "anon_inode:[pidfd]", DescriptorKind.ProcessDescriptor)]
    [InlineData(0x8000, "pidfd:[12]", DescriptorKind.ProcessDescriptor)]
    [InlineData(0, "anon_inode:bpf-prog", DescriptorKind.Other)]
    [InlineData(0, "anon_inode:[perf_event]", DescriptorKind.Other)]
    [InlineData(0x8000, "mnt:[4026531841]", DescriptorKind.Namespace)]
    [InlineData(0x8000, "/tmp/a:[b]", DescriptorKind.File)]
    public void Kinds_that_can_not_be_created_everywhere_are_recognized_by_type_and_name(int type, string link, DescriptorKind kind) =>
        Assert.Equal(kind, DescriptorFacts.KindFrom(type, link));

    [LinuxFact]
    public void A_TCP_connection_and_a_TCP_listener()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using var _ = client;
        using var __ = server;
        using FileDescriptor connection = new FileDescriptor((int)client.Client.Handle, ownsHandle: false).Duplicate();
        AssertIs(
            connection, DescriptorKind.Socket, DescriptorAccess.ReadWrite,
            $"tcp {client.Client.LocalEndPoint} → {client.Client.RemoteEndPoint}");

        using var listener = new TcpListener(IPAddress.IPv6Loopback, 0);
        if (Socket.OSSupportsIPv6)
        {
            listener.Start();
            using FileDescriptor listening = new FileDescriptor((int)listener.Server.Handle, ownsHandle: false).Duplicate();
            Assert.Equal($"tcp {listener.LocalEndpoint} (listening)", listening.Target);
            Assert.StartsWith("tcp [::1]:", listening.Target);
        }
    }

    [LinuxFact]
    public void A_UDP_socket()
    {
        using var udp = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        using FileDescriptor descriptor = new FileDescriptor((int)udp.Client.Handle, ownsHandle: false).Duplicate();
        Assert.Equal($"udp {udp.Client.LocalEndPoint}", descriptor.Target);
    }

    [LinuxTheory]
    [InlineData(SocketType.Stream, "unix", " (listening)")]
    [InlineData(SocketType.Seqpacket, "unix-seqpacket", " (listening)")]
    [InlineData(SocketType.Dgram, "unix-datagram", "")]
    public void A_Unix_socket(SocketType type, string protocol, string state)
    {
        string path = _directory.File("s");
        using Socket listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(path), type);
        Assert.Equal($"{protocol} {path}{state}", SocketFacts.Describe((int)listener.Handle));
        using Socket client = UnixSocket.Connect(UnixSocketAddress.FromPath(path), type, Patience.Long);

        // A datagram socket has a name that the kernel picked, five hexadecimal digits, so that it can be answered.
        string own = type == SocketType.Dgram ? " @[0-9a-f]{5}" : "";
        Assert.Matches($"^{protocol}{own} → {path}$", SocketFacts.Describe((int)client.Handle));

        string name = Guid.NewGuid().ToString();
        using Socket hidden = UnixSocketListener.Create(UnixSocketAddress.FromAbstractName(name), type);
        Assert.Equal($"{protocol} @{name}{state}", SocketFacts.Describe((int)hidden.Handle));
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        Assert.Equal(protocol, SocketFacts.Describe((int)left.Handle));
    }

    private static FileDescriptor Open(string path, int flags) => new(Libc.Checked(Fcntl.Open(path, flags)), ownsHandle: true);

    private static void AssertIs(
        FileDescriptor descriptor,
        DescriptorKind kind,
        DescriptorAccess access,
        string target,
        DescriptorFlags flags = DescriptorFlags.CloseOnExec) =>
        Assert.Equal((kind, access, target, flags), (descriptor.Kind, descriptor.Access, descriptor.Target, descriptor.Flags));
}
