using System.Net.Sockets;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>Descriptors to pass, and reading and writing them with the plain calls.</summary>
internal static unsafe class Some
{
    /// <summary>The three types that a Unix-domain socket can have.</summary>
    public static TheoryData<SocketType> SocketTypes => [SocketType.Stream, SocketType.Seqpacket, SocketType.Dgram];

    /// <summary>A file in memory with some text, at its beginning.</summary>
    public static FileDescriptor File(string text = "abcdefghij")
    {
        var file = new FileDescriptor(Libc.Checked(Libc.MemFdCreate("letters", 1)), ownsHandle: true);
        Write(file.Fd, text);
        Assert.Equal(0, Libc.Seek(file.Fd, 0, 0));
        return file;
    }

    public static FileDescriptor[] Files(int count) =>
        [.. Enumerable.Range(0, count).Select(number => File($"file {number}"))];

    public static FileDescriptor Null() => FileDescriptor.Open("/dev/null", FileAccess.ReadWrite);

    public static (FileDescriptor Reader, FileDescriptor Writer) Pipe(bool nonBlocking = false)
    {
        int* pair = stackalloc int[2];
        Libc.Checked(Libc.Pipe2(pair, Constants.Current.O_CLOEXEC | (nonBlocking ? Constants.Current.O_NONBLOCK : 0)));
        return (new FileDescriptor(pair[0], ownsHandle: true), new FileDescriptor(pair[1], ownsHandle: true));
    }

    /// <summary>The two ends of a TCP connection over loopback.</summary>
    public static (TcpClient Client, Socket Server) TcpConnection()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = new TcpClient();
        client.Connect((IPEndPoint)listener.LocalEndpoint);
        return (client, listener.AcceptSocket());
    }

    /// <summary>One read(2), as text.</summary>
    public static string Read(int fd, int length = 4096)
    {
        byte[] buffer = new byte[length];
        fixed (byte* bytes = buffer)
        {
            nint read = Libc.Read(fd, bytes, (nuint)length);
            return read >= 0 ? Encoding.UTF8.GetString(buffer, 0, (int)read) : throw SystemCallException.FromLast("read");
        }
    }

    public static string Read(FileDescriptor descriptor, int length = 4096) => Read(descriptor.Fd, length);

    /// <summary>One write(2).</summary>
    public static void Write(int fd, string text)
    {
        byte[] buffer = Encoding.UTF8.GetBytes(text);
        fixed (byte* bytes = buffer)
        {
            Assert.Equal(buffer.Length, Libc.Write(fd, bytes, (nuint)buffer.Length));
        }
    }

    public static bool IsOpen(int fd) => Fcntl.Control(fd, Constants.F_GETFD) >= 0;

    public static bool IsNonBlocking(SafeHandle handle) =>
        (DescriptorFacts.FlagsOf((int)handle.DangerousGetHandle()) & DescriptorFlags.NonBlocking) != 0;

    /// <summary>Returns whether two descriptors refer to the same file.</summary>
    public static bool AreSame(int one, int other)
    {
        Assert.True(SysStat.TryGetStatus(one, out SysStat.FileStatus first));
        Assert.True(SysStat.TryGetStatus(other, out SysStat.FileStatus second));
        return first.Inode == second.Inode;
    }

    /// <summary>Fills the buffer of a socket, so that the next send waits, and returns the number of bytes.</summary>
    public static int Fill(Socket socket)
    {
        int total = 0;
        byte[] block = new byte[1024];
        while (true)
        {
            Raw.Sent sent = Raw.Send(socket, block, [], Constants.Current.MSG_DONTWAIT);
            if (sent.Errno == Errno.EAGAIN)
            {
                return total;
            }

            Assert.Equal(0, sent.Errno);
            total += (int)sent.Bytes;
        }
    }

    /// <summary>Reads and discards everything that is queued.</summary>
    public static int Drain(Socket socket)
    {
        int total = 0;
        while (Raw.Receive(socket, 65536, 0, Constants.Current.MSG_DONTWAIT) is { Errno: 0, Bytes: > 0 } received)
        {
            total += (int)received.Bytes;
        }

        return total;
    }

    /// <summary>Sends data alone.</summary>
    public static void Send(Socket socket, ReadOnlySpan<byte> data) =>
        DescriptorSender.SendNumbers(socket.SafeHandle, data, ReadOnlySpan<int>.Empty, Patience.Long);

    /// <summary>Receives one message, and fails at the end of the connection.</summary>
    public static ReceivedMessage Receive(Socket socket)
    {
        ReceivedMessage? message = DescriptorReceiver.ReceiveMessage(socket.SafeHandle, Patience.Long);
        Assert.NotNull(message);
        return message;
    }
}
