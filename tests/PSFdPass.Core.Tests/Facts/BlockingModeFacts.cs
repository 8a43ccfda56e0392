using System.Runtime.InteropServices;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace PSFdPass.Tests;

/// <summary>O_NONBLOCK belongs to the open file description, which every holder of a descriptor shares.</summary>
public sealed class BlockingModeFacts
{
    [LinuxFact]
    public async Task An_async_operation_of_Socket_sets_O_NONBLOCK_for_every_holder()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using FileDescriptor holder = new FileDescriptor((int)right.Handle, ownsHandle: false).Duplicate();
        Assert.False(holder.Flags.HasFlag(DescriptorFlags.NonBlocking));

        Task<int> receiving = right.ReceiveAsync(new byte[1]);
        Assert.True(holder.Flags.HasFlag(DescriptorFlags.NonBlocking));
        Assert.True(right.Blocking);
        left.Send("x"u8);
        Assert.Equal(1, await receiving);
        Assert.True(holder.Flags.HasFlag(DescriptorFlags.NonBlocking));

        // The library waits anyway, because it depends neither on the flag nor on Blocking.
        BlockedThread waiting = BlockedThread.Start(() =>
        {
            using ReceivedMessage message = Some.Receive(right);
            Assert.Equal("later", message.Text);
        });
        Some.Send(left, "later"u8);
        Assert.Null(waiting.Join());
    }

    [LinuxFact]
    public void A_Socket_over_an_O_NONBLOCK_descriptor_throws_in_Receive_until_Blocking_is_set_twice()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        right.Blocking = false;
        using var naive = new Socket(new SafeSocketHandle(right.Handle, ownsHandle: false));
        Exception? refused = Record.Exception(() => naive.Receive(new byte[1]));

        // From .NET 10 on, the runtime itself refuses the call, because it assumes an asynchronous one.
        Assert.IsType(Environment.Version.Major >= 10 ? typeof(InvalidOperationException) : typeof(SocketException), refused);
        naive.Blocking = false;
        naive.Blocking = true;
        AssertReceives(naive, left);

        // OpenSocket does that. O_NONBLOCK itself is not changed, because other holders may rely on it.
        using FileDescriptor descriptor = new FileDescriptor((int)right.Handle, ownsHandle: false).Duplicate();
        right.Dispose();
        using Socket socket = descriptor.OpenSocket();
        Assert.True(socket.Blocking);
        Assert.True(Some.IsNonBlocking(socket.SafeHandle));
        AssertReceives(socket, left);

        static void AssertReceives(Socket receiver, Socket sender)
        {
            // The runtime waits in its own event loop, so that the thread is not seen waiting in the kernel. A call that throws ends at
            // once, and one that waits has a timeout here.
            receiver.ReceiveTimeout = (int)Patience.Short.TotalMilliseconds;
            SocketException timedOut = Assert.Throws<SocketException>(() => receiver.Receive(new byte[1]));
            Assert.Equal(SocketError.TimedOut, timedOut.SocketErrorCode);
            receiver.ReceiveTimeout = 0;
            sender.Send("x"u8);
            Assert.Equal(1, receiver.Receive(new byte[1]));
        }
    }

    [LinuxFact]
    public void FileStream_over_an_empty_O_NONBLOCK_pipe_throws_and_OpenStream_waits()
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe(nonBlocking: true);
        using var _ = reader;
        using var __ = writer;
        using (var naive = new FileStream(new SafeFileHandle(reader.Fd, ownsHandle: false), FileAccess.Read))
        {
            IOException exception = Assert.Throws<IOException>(() => naive.Read(new byte[1]));
            Assert.Contains("being used by another process", exception.Message);
        }

        using Stream stream = reader.OpenStream();
        string? text = null;
        var waiting = new Thread(() => text = new StreamReader(stream).ReadLine());
        waiting.Start();
        Some.Write(writer.Fd, "a line\n");
        Assert.True(waiting.Join(Patience.Long));
        Assert.Equal("a line", text);
    }

    [LinuxTheory]
    [MemberData(nameof(Some.SocketTypes), MemberType = typeof(Some))]
    public async Task Our_async_send_and_receive_never_set_O_NONBLOCK(SocketType type)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair(type);
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();

        Task<ReceivedMessage?> receiving = DescriptorReceiver.ReceiveMessageAsync(right.SafeHandle, Patience.Long).AsTask();
        Assert.False(receiving.IsCompleted);
        AssertBothBlock();
        await DescriptorSender.SendAsync(left.SafeHandle, new byte[] { 1 }, new SafeHandle[] { file.SafeHandle }, Patience.Long);
        using ReceivedMessage? message = await receiving;
        AssertBothBlock();

        Some.Fill(left);
        Task sending = DescriptorSender.SendAsync(left.SafeHandle, "x"u8.ToArray(), new SafeHandle[] { file.SafeHandle }, Patience.Long).AsTask();
        Assert.False(sending.IsCompleted);
        AssertBothBlock();
        while (!sending.IsCompleted)
        {
            Some.Drain(right);
        }

        await sending;
        AssertBothBlock();

        void AssertBothBlock() =>
            Assert.Equal((false, false), (Some.IsNonBlocking(left.SafeHandle), Some.IsNonBlocking(right.SafeHandle)));
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Receive_and_send_do_not_change_the_blocking_mode(bool blocking)
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using var _ = left;
        using var __ = right;
        using FileDescriptor file = Some.File();
        left.Blocking = blocking;
        right.Blocking = blocking;

        Assert.Throws<TimeoutException>(() => DescriptorReceiver.ReceiveMessage(right.SafeHandle, Patience.Short));
        DescriptorSender.SendDescriptors(left, file.SafeHandle);
        using ReceivedMessage message = Some.Receive(right);
        Assert.Single(message.Descriptors);
        Assert.Equal(!blocking, Some.IsNonBlocking(left.SafeHandle));
        Assert.Equal(!blocking, Some.IsNonBlocking(right.SafeHandle));
    }
}
