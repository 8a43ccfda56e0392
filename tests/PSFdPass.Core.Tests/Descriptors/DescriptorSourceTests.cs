using System.Diagnostics;
using System.IO.MemoryMappedFiles;
using System.IO.Pipes;
using System.Net.Sockets;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using PSFdPass.Facts;
using PSFdPass.Handles;

namespace PSFdPass.Tests;

/// <summary>The descriptor in whatever object holds one.</summary>
public sealed class DescriptorSourceTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly List<IDisposable> _holders = [];

    public void Dispose()
    {
        _holders.ForEach(holder => holder.Dispose());
        _directory.Dispose();
    }

    [LinuxFact]
    public void Integers_of_every_size_are_descriptors()
    {
        // Standard output: small enough for every type.
        foreach (object number in (object[])[1, 1L, 1u, 1ul, (short)1, (ushort)1, (byte)1, (sbyte)1, (nint)1, (nuint)1])
        {
            AssertHolds(number, 1);
        }
    }

    [LinuxFact]
    public void Numbers_that_no_descriptor_has_are_refused()
    {
        foreach (object number in (object[])[-1, -5L, long.MaxValue, ulong.MaxValue, (nint)(-1), nuint.MaxValue, uint.MaxValue, (sbyte)(-1)])
        {
            ArgumentOutOfRangeException exception = Assert.Throws<ArgumentOutOfRangeException>(() => DescriptorSource.Find(number));
            Assert.Contains("is not a valid file descriptor", exception.Message);
        }

        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(() => DescriptorSource.Find(123456)).ErrnoName);
    }

    [LinuxFact]
    public void Descriptors_handles_and_sockets()
    {
        FileDescriptor file = Keep(Some.File());
        AssertHolds(file, file.Fd);
        AssertHolds(file.SafeHandle, file.Fd);
        AssertHolds(Keep(new SafeFileHandle(file.Fd, ownsHandle: false)), file.Fd);

        (TcpClient client, Socket server) = Some.TcpConnection();
        Keep(client);
        Keep(server);
        AssertHolds(server, (int)server.Handle);
        AssertHolds(server.SafeHandle, (int)server.Handle);
        AssertHolds(client, (int)client.Client.Handle);
        AssertHolds(client.GetStream(), (int)client.Client.Handle);
        TcpListener listener = Keep(new TcpListener(IPAddress.Loopback, 0));
        listener.Start();
        AssertHolds(listener, (int)listener.Server.Handle);
        UdpClient udp = Keep(new UdpClient(0));
        AssertHolds(udp, (int)udp.Client.Handle);
    }

    [LinuxFact]
    public void Streams_and_their_readers_and_writers()
    {
        FileStream file = Keep(File.Create(_directory.File("file")));
        int fd = (int)file.SafeFileHandle.DangerousGetHandle();
        AssertHolds(file, fd);
        AssertHolds(new StreamReader(file), fd);
        AssertHolds(new StreamWriter(file), fd);

        AnonymousPipeServerStream pipe = Keep(new AnonymousPipeServerStream(PipeDirection.Out));
        AssertHolds(pipe, (int)pipe.SafePipeHandle.DangerousGetHandle());
        AnonymousPipeClientStream reader = Keep(new AnonymousPipeClientStream(PipeDirection.In, pipe.GetClientHandleAsString()));
        AssertHolds(reader, (int)reader.SafePipeHandle.DangerousGetHandle());
    }

    [LinuxFact]
    public void What_was_written_to_a_stream_is_in_the_file_when_its_descriptor_is_found()
    {
        string path = _directory.File("file");
        StreamWriter writer = Keep(new StreamWriter(path));
        writer.Write("buffered");
        Assert.NotNull(DescriptorSource.Find(writer));
        Assert.Equal("buffered", ReadShared(path));

        FileStream stream = Keep(File.Create(_directory.File("other")));
        stream.Write("buffered"u8);
        Assert.NotNull(DescriptorSource.Find(stream));
        Assert.Equal("buffered", ReadShared(_directory.File("other")));

        static string ReadShared(string path)
        {
            // .NET would not open it a second time.
            using FileDescriptor file = FileDescriptor.Open(path);
            return Some.Read(file);
        }
    }

    [LinuxFact]
    public void The_standard_streams_of_a_process()
    {
        using Process process = Process.Start(new ProcessStartInfo("cat")
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        foreach (object holder in (object[])
            [process.StandardInput, process.StandardInput.BaseStream, process.StandardOutput, process.StandardOutput.BaseStream])
        {
            DescriptorSource? source = DescriptorSource.Find(holder);
            Assert.NotNull(source);
            using var lease = new HandleLease(source.Handle);
            Assert.Equal(DescriptorKind.Pipe, DescriptorFacts.KindOf(lease.Fd));
        }

        process.StandardInput.Close();
        Assert.True(process.WaitForExit(Patience.Long));
    }

    [LinuxFact]
    public void Mapped_files()
    {
        File.WriteAllText(_directory.File("file"), "text");
        MemoryMappedFile file = Keep(MemoryMappedFile.CreateFromFile(_directory.File("file")));
        Assert.Equal(_directory.File("file"), TargetOf(file));
        MemoryMappedFile memory = Keep(MemoryMappedFile.CreateNew(null, 4096));
        Assert.NotEqual("", TargetOf(memory));

        static string TargetOf(object holder)
        {
            using var lease = new HandleLease(DescriptorSource.Find(holder)!.Handle);
            return DescriptorFacts.TargetOf(lease.Fd, DescriptorKind.File);
        }
    }

    [LinuxFact]
    public void Any_object_with_a_handle_property()
    {
        using FileDescriptor file = Some.File();
        AssertHolds(new WithSafeFileHandle(new SafeFileHandle(file.Fd, ownsHandle: false)), file.Fd);
        AssertHolds(new WithSafeHandle(file.SafeHandle), file.Fd);
        AssertHolds(new WithHandle<int>(file.Fd), file.Fd);
        AssertHolds(new WithHandle<nint>(file.Fd), file.Fd);
        AssertHolds(new WithHandle<SafeHandle>(file.SafeHandle), file.Fd);
        Assert.Null(DescriptorSource.Find(new WithHandle<string>("5")));
        Assert.Null(DescriptorSource.Find(new WithHandle<SafeHandle?>(null)));
    }

    [LinuxFact]
    public void Objects_that_hold_none()
    {
        using var process = Process.GetCurrentProcess();
        using var wait = new ManualResetEvent(false);
        foreach (object holder in (object[])
            ["5", "/etc/hostname", new(), 1.5, 2.5m, true, 'c', process, wait, wait.SafeWaitHandle, process.SafeHandle,
             new MemoryStream(), new StreamReader(new MemoryStream()), new[] { 1, 2 }, Guid.Empty, DateTime.Now, new StringReader("x")])
        {
            Assert.True(DescriptorSource.Find(holder) is null, $"{holder.GetType()} holds a descriptor?");
        }

        Assert.Throws<ArgumentNullException>(() => DescriptorSource.Find(null!));
    }

    [LinuxFact]
    public void Closed_objects_are_ObjectDisposedException()
    {
        (TcpClient client, Socket server) = Some.TcpConnection();
        NetworkStream network = client.GetStream();
        var udp = new UdpClient(0);
        FileStream stream = File.Create(_directory.File("file"));
        FileDescriptor file = Some.File();
        var handle = new SafeFileHandle(file.Fd, ownsHandle: false);
        IDisposable[] holders = [server, network, client, udp, stream, file, handle];
        foreach (IDisposable holder in holders)
        {
            holder.Dispose();
            Assert.Throws<ObjectDisposedException>(() => DescriptorSource.Find(holder));
        }
    }

    [LinuxFact]
    public void Every_holder_is_received_as_the_same_thing()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        Keep(left);
        Keep(right);
        FileStream stream = Keep(File.Create(_directory.File("file")));
        (TcpClient client, Socket server) = Some.TcpConnection();
        Keep(client);
        Keep(server);
        foreach (object holder in (object[])[stream, client, server, client.GetStream(), (int)server.Handle])
        {
            SafeHandle handle = DescriptorSource.Find(holder)!.Handle;
            left.SendDescriptors(handle);
            using ReceivedMessage message = Some.Receive(right);
            Assert.True(Some.AreSame((int)handle.DangerousGetHandle(), message.Descriptors[0].Fd));
        }
    }

    private T Keep<T>(T holder)
        where T : IDisposable
    {
        _holders.Add(holder);
        return holder;
    }

    private static void AssertHolds(object holder, int fd)
    {
        DescriptorSource? source = DescriptorSource.Find(holder);
        Assert.NotNull(source);
        using var lease = new HandleLease(source.Handle);
        Assert.Equal(fd, lease.Fd);
    }

    private sealed record WithSafeFileHandle(SafeFileHandle SafeFileHandle);

    private sealed record WithSafeHandle(SafeHandle SafeHandle);

    private sealed record WithHandle<T>(T Handle);
}
