using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using PSFdPass.Descriptors;
using PSFdPass.Facts;
using PSFdPass.Interop;
using PSFdPass.Handles;

namespace PSFdPass.Tests;

/// <summary>The ownership of descriptors, and the state of an object that has handed its descriptor over.</summary>
public sealed class OwnershipTests
{
    [LinuxFact]
    public void Disposing_closes_the_descriptor_and_can_be_repeated()
    {
        FileDescriptor file = Some.File();
        int fd = file.Fd;
        file.Close();
        file.Dispose();
        Assert.False(Some.IsOpen(fd));
        AssertIsSpent(file, "(closed)", "The descriptor is closed.");
    }

    [LinuxFact]
    public void A_descriptor_that_is_dropped_is_closed_by_the_finalizer()
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using var _ = reader;
        Drop(writer.Detach());
        OpenDescriptors.Settle();

        // The last writer is closed, so the pipe is at its end.
        Assert.Equal("", Some.Read(reader));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Drop(int fd) => Assert.True(new FileDescriptor(fd, ownsHandle: true).IsOpen);
    }

    [LinuxFact]
    public void A_received_message_that_is_dropped_closes_its_descriptors_by_the_finalizer()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using var ___ = reader;
        left.SendDescriptors(writer.SafeHandle);
        writer.Dispose();
        Drop(right);
        OpenDescriptors.Settle();
        Assert.Equal("", Some.Read(reader));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Drop(Socket socket) => Assert.Single(Some.Receive(socket).Descriptors);
    }

    [LinuxFact]
    public void A_borrowed_descriptor_is_not_closed()
    {
        using FileDescriptor file = Some.File();
        new FileDescriptor(file.Fd, ownsHandle: false).Dispose();
        Assert.Equal("abcdefghij", Some.Read(file));
    }

    [Fact]
    public void A_negative_number_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new FileDescriptor(-1, ownsHandle: true));

    [LinuxFact]
    public void Properties_of_a_number_that_is_not_open_are_empty_and_methods_throw_EBADF()
    {
        using var descriptor = new FileDescriptor(123456, ownsHandle: false);
        Assert.Equal(
            (DescriptorKind.None, DescriptorAccess.None, DescriptorFlags.None, "", (MemoryFileSeals?)null),
            (descriptor.Kind, descriptor.Access, descriptor.Flags, descriptor.Target, descriptor.Seals));
        Assert.Equal("123456 None ", descriptor.ToString());
        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(descriptor.Duplicate).ErrnoName);
        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(() => descriptor.SetNonBlocking(true)).ErrnoName);
        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(() => descriptor.SetCloseOnExec(true)).ErrnoName);
        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(() => FileDescriptor.Adopt(123456)).ErrnoName);
        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(() => FileDescriptor.CloseByNumber(123457)).ErrnoName);
        Assert.Throws<NotSupportedException>(descriptor.OpenStream);
    }

    [LinuxFact]
    public void Flags_are_set_and_cleared()
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using var _ = reader;
        using var __ = writer;
        using FileDescriptor other = reader.Duplicate();
        reader.SetCloseOnExec(false);
        reader.SetNonBlocking(true);
        Assert.Equal(DescriptorFlags.NonBlocking, reader.Flags);

        // O_NONBLOCK belongs to the open file description, FD_CLOEXEC to the descriptor.
        Assert.Equal(DescriptorFlags.NonBlocking | DescriptorFlags.CloseOnExec, other.Flags);
        reader.SetCloseOnExec(true);
        reader.SetNonBlocking(false);
        Assert.Equal((DescriptorFlags.CloseOnExec, DescriptorFlags.CloseOnExec), (reader.Flags, other.Flags));
    }

    [LinuxFact]
    public void An_inherited_number_is_adopted_and_not_inherited_further()
    {
        int fd = Libc.Checked(Libc.Dup(0));
        using (FileDescriptor adopted = FileDescriptor.Adopt(fd))
        {
            Assert.Equal((fd, true), (adopted.Fd, adopted.Flags.HasFlag(DescriptorFlags.CloseOnExec)));
        }

        Assert.False(Some.IsOpen(fd));
        Assert.Throws<ArgumentOutOfRangeException>(() => FileDescriptor.Adopt(-1));
    }

    [LinuxFact]
    public void An_object_made_from_a_borrowed_descriptor_does_not_close_it()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        new FileDescriptor(file.Fd, ownsHandle: false).OpenStream().Dispose();
        new FileDescriptor(file.Fd, ownsHandle: false).OpenHandle().Dispose();
        new FileDescriptor((int)left.Handle, ownsHandle: false).OpenHandle().Dispose();
        new FileDescriptor((int)left.Handle, ownsHandle: false).OpenSocket().SafeHandle.Dispose();
        Assert.True(Some.IsOpen((int)left.Handle));
        Assert.Equal("abcdefghij", Some.Read(file));
    }

    [LinuxFact]
    public void Numbers_are_closed_and_those_that_are_not_open_are_skipped()
    {
        int[] numbers = [Some.Null().Detach(), 123456, Some.Null().Detach(), Some.Null().Detach()];
        FileDescriptor.CloseAll(numbers);
        Assert.All(numbers, fd => Assert.False(Some.IsOpen(fd)));
    }

    [LinuxFact]
    public void OpenStream_over_a_file_reads_from_the_current_offset_and_hands_the_descriptor_over()
    {
        FileDescriptor file = Some.File("abcdefghij");
        Some.Read(file, 3);
        int fd = file.Fd;
        using (Stream stream = file.OpenStream())
        {
            Assert.Equal(fd, (int)Assert.IsType<DescriptorStream>(stream).SafeHandle.DangerousGetHandle());
            Assert.Equal("defghij", new StreamReader(stream).ReadToEnd());
            AssertIsSpent(file, "(handed over as a Stream)", "The descriptor was handed over as a Stream. Use that instead.");
            file.Dispose();
            Assert.True(Some.IsOpen(fd));
        }

        Assert.False(Some.IsOpen(fd));
    }

    [LinuxFact]
    public void OpenStream_has_the_access_of_the_descriptor()
    {
        using var directory = new TemporaryDirectory();
        string path = directory.Write("file", "text");
        using (Stream reading = FileDescriptor.Open(path, FileAccess.Read).OpenStream())
        using (Stream writing = FileDescriptor.Open(path, FileAccess.Write).OpenStream())
        using (Stream both = FileDescriptor.Open(path, FileAccess.ReadWrite).OpenStream())
        {
            Assert.Equal((true, false), (reading.CanRead, reading.CanWrite));
            Assert.Equal((false, true), (writing.CanRead, writing.CanWrite));
            Assert.Equal((true, true), (both.CanRead, both.CanWrite));
            writing.Write("TEXT"u8);
        }

        Assert.Equal("TEXT", File.ReadAllText(path));
    }

    [LinuxFact]
    public void OpenStream_reads_and_writes_pipes_and_devices()
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using Stream from = reader.OpenStream();
        using (Stream to = writer.OpenStream())
        {
            to.Write("through a pipe"u8);
        }

        Assert.Equal("through a pipe", new StreamReader(from).ReadToEnd());
        using Stream none = Some.Null().OpenStream();
        Assert.Equal(-1, none.ReadByte());
    }

    [LinuxFact]
    public void OpenStream_over_a_connection_is_a_NetworkStream_that_owns_it()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        using var _ = server;
        FileDescriptor descriptor = new FileDescriptor((int)client.Client.Handle, ownsHandle: false).Duplicate();
        Closing.Release(client.Client.SafeHandle);
        int fd = descriptor.Fd;
        using (Stream stream = descriptor.OpenStream())
        {
            Assert.IsType<NetworkStream>(stream);
            AssertIsSpent(descriptor, "(handed over as a NetworkStream)", "handed over as a NetworkStream");
            stream.Write("hello"u8);
            byte[] buffer = new byte[10];
            Assert.Equal(5, server.Receive(buffer));
        }

        Assert.False(Some.IsOpen(fd));
    }

    [LinuxFact]
    public void OpenStream_refuses_a_socket_that_is_not_a_connected_stream_and_keeps_it()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(SocketType.Dgram);
        using var _ = left;
        using var __ = right;
        using FileDescriptor datagram = new FileDescriptor((int)left.Handle, ownsHandle: false).Duplicate();
        Assert.Contains("Use OpenSocket()", Assert.Throws<NotSupportedException>(datagram.OpenStream).Message);
        Assert.True(datagram.IsOpen);
        Assert.Equal(SocketType.Dgram, datagram.OpenSocket().SocketType);
    }

    [LinuxFact]
    public void OpenSocket_hands_a_socket_over()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = right;
        FileDescriptor descriptor = new FileDescriptor((int)left.Handle, ownsHandle: false).Duplicate();
        left.Dispose();
        int fd = descriptor.Fd;
        using (Socket socket = descriptor.OpenSocket())
        {
            Assert.Equal((fd, AddressFamily.Unix, SocketType.Stream), ((int)socket.Handle, socket.AddressFamily, socket.SocketType));
            AssertIsSpent(descriptor, "(handed over as a Socket)", "The descriptor was handed over as a Socket. Use that instead.");
            socket.Send("hello"u8);
            Assert.Equal("hello", Some.Receive(right).Text);
        }

        Assert.False(Some.IsOpen(fd));
    }

    [LinuxFact]
    public void OpenHandle_hands_over_a_handle_that_owns_the_descriptor()
    {
        FileDescriptor file = Some.File();
        int fd = file.Fd;
        using (SafeHandle handle = file.OpenHandle())
        {
            Assert.IsType<SafeFileHandle>(handle);
            AssertIsSpent(file, "(handed over as a SafeFileHandle)", "handed over as a SafeFileHandle");
            Assert.Equal(10, RandomAccess.GetLength((SafeFileHandle)handle));
        }

        Assert.False(Some.IsOpen(fd));
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using SafeHandle socket = new FileDescriptor((int)left.Handle, ownsHandle: false).Duplicate().OpenHandle();
        Assert.IsType<SafeSocketHandle>(socket);
    }

    [LinuxFact]
    public void Detach_hands_over_the_bare_number()
    {
        FileDescriptor file = Some.File();
        int fd = file.Fd;
        Assert.Equal(fd, file.Detach());
        AssertIsSpent(file, "(handed over as a number)", "handed over as a number");
        file.Dispose();
        Assert.Equal("abcdefghij", Some.Read(fd));
        Assert.Equal(0, Unistd.Close(fd));
    }

    [LinuxFact]
    public void OpenObject_returns_the_NET_object_for_the_kind()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using var directory = new TemporaryDirectory();
        FileDescriptor folder = FileDescriptor.Open(directory.Path);
        FileDescriptor device = Some.Null();
        object[] objects =
        [
            new FileDescriptor((int)left.Handle, ownsHandle: false).Duplicate().OpenObject(),
            Some.File().OpenObject(),
            FileDescriptor.Open(directory.Write("f", "")).OpenObject(),
            reader.OpenObject(),
            writer.OpenObject(),
            folder.OpenObject(),
            device.OpenObject(),
        ];
        Assert.Equal(
            [typeof(Socket), typeof(DescriptorStream), typeof(DescriptorStream), typeof(DescriptorStream), typeof(DescriptorStream), typeof(FileDescriptor), typeof(FileDescriptor)],
            objects.Select(o => o.GetType()));
        Assert.True(folder.IsOpen);
        Array.ForEach(objects, o => ((IDisposable)o).Dispose());
    }

    [LinuxFact]
    public void A_duplicate_shares_the_description_and_outlives_the_first()
    {
        FileDescriptor file = Some.File("abcdefghij");
        using FileDescriptor duplicate = file.Duplicate();
        Assert.NotEqual(file.Fd, duplicate.Fd);
        Assert.Equal("abc", Some.Read(file, 3));
        file.Dispose();
        Assert.Equal("defghij", Some.Read(duplicate));
    }

    [LinuxTheory]
    [InlineData("nothing/there", FileAccess.Read, "ENOENT")]
    [InlineData(".", FileAccess.Write, "EISDIR")]
    [InlineData("file/below", FileAccess.Read, "ENOTDIR")]
    public void A_failed_open_reports_the_error_and_the_path(string name, FileAccess access, string errno)
    {
        using var directory = new TemporaryDirectory();
        directory.Write("file", "");
        SystemCallException exception = Assert.Throws<SystemCallException>(
            () => FileDescriptor.Open(directory.File(name), access));
        Assert.Equal(("open", errno), (exception.Call, exception.ErrnoName));
        Assert.Contains(name, exception.Message);
    }

    [LinuxFact]
    public void Opening_does_not_create_files()
    {
        using var directory = new TemporaryDirectory();
        Assert.Throws<SystemCallException>(() => FileDescriptor.Open(directory.File("new"), FileAccess.ReadWrite));
        Assert.Empty(Directory.GetFiles(directory.Path));
        Assert.Throws<ArgumentException>(() => FileDescriptor.Open(""));
        Assert.Throws<ArgumentOutOfRangeException>(() => FileDescriptor.Open("x", 0));
    }

    private static void AssertIsSpent(FileDescriptor descriptor, string target, string message)
    {
        Assert.Equal(
            (-1, false, DescriptorKind.None, DescriptorAccess.None, DescriptorFlags.None, target),
            (descriptor.Fd, descriptor.IsOpen, descriptor.Kind, descriptor.Access, descriptor.Flags, descriptor.Target));
        Assert.Equal(target, descriptor.ToString());
        foreach (Func<object> use in (Func<object>[])
        [
            descriptor.OpenStream, descriptor.OpenSocket, descriptor.OpenHandle, descriptor.OpenObject, descriptor.Duplicate,
            () => descriptor.Detach(), () => descriptor.SafeHandle,
        ])
        {
            Assert.Contains(message, Assert.Throws<ObjectDisposedException>(use).Message);
        }
    }
}
