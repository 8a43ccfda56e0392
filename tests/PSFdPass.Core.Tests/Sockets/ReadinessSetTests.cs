using System.Net.Sockets;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Tests;

/// <summary>Waiting for many descriptors at once, by epoll(7) and by the poll(2) of systems that have no epoll.</summary>
public sealed class ReadinessSetTests : IDisposable
{
    private readonly Socket _left;
    private readonly Socket _right;
    private readonly (int Descriptor, short Events)[] _ready = new (int, short)[8];

    public ReadinessSetTests() => (_left, _right) = UnixSocket.CreatePair();

    private int Fd => (int)_right.Handle;

    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tells_what_is_ready_and_only_that(bool epoll)
    {
        using ReadinessSet watched = Create(epoll);
        (FileDescriptor silent, FileDescriptor silentWriter) = Some.Pipe();
        using (silent)
        using (silentWriter)
        {
            watched.Add(silent.Fd, Poll.POLLIN);
            watched.Add(Fd, Poll.POLLIN);
            Assert.Equal(0, watched.Wait(_ready, Now));
            Some.Send(_left, "x"u8);
            Assert.Equal(1, watched.Wait(_ready, Deadline.Never));
            Assert.Equal((Fd, Poll.POLLIN), _ready[0]);
        }
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_waited_for_can_change(bool epoll)
    {
        using ReadinessSet watched = Create(epoll);
        watched.Add(Fd, Poll.POLLIN);
        Some.Send(_left, "x"u8);
        watched.Change(Fd, 0);
        Assert.Equal(0, watched.Wait(_ready, Now));
        watched.Change(Fd, Poll.POLLOUT);
        Assert.Equal(1, watched.Wait(_ready, Deadline.Never));
        Assert.Equal((Fd, Poll.POLLOUT), _ready[0]);
        watched.Change(Fd, Poll.POLLIN);
        Assert.Equal(1, watched.Wait(_ready, Deadline.Never));
        Assert.Equal((Fd, Poll.POLLIN), _ready[0]);
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_hang_up_is_told_though_nothing_is_waited_for(bool epoll)
    {
        using ReadinessSet watched = Create(epoll);
        watched.Add(Fd, 0);
        _left.Dispose();
        Assert.Equal(1, watched.Wait(_ready, Deadline.Never));
        Assert.Equal(Fd, _ready[0].Descriptor);
        Assert.NotEqual(0, _ready[0].Events & Poll.POLLHUP);
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_removed_is_not_told_though_somebody_else_holds_it(bool epoll)
    {
        using ReadinessSet watched = Create(epoll);
        using FileDescriptor copy = FileDescriptor.Duplicate(Fd);
        watched.Add(Fd, Poll.POLLIN);
        watched.Remove(Fd);
        _right.Dispose();
        Some.Send(_left, "x"u8);
        Assert.Equal(0, watched.Wait(_ready, Now));
        watched.Add(copy.Fd, Poll.POLLIN);
        Assert.Equal(1, watched.Wait(_ready, Deadline.Never));
        Assert.Equal(copy.Fd, _ready[0].Descriptor);
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void More_than_there_is_room_for_come_one_after_the_other(bool epoll)
    {
        using ReadinessSet watched = Create(epoll);
        (FileDescriptor Reader, FileDescriptor Writer)[] pipes = [.. Enumerable.Range(0, 20).Select(_ => Some.Pipe())];
        foreach ((FileDescriptor reader, FileDescriptor writer) in pipes)
        {
            watched.Add(reader.Fd, Poll.POLLIN);
            Some.Write(writer.Fd, "x");
        }

        var told = new HashSet<int>();
        while (watched.Wait(_ready, Now) is > 0 and var count)
        {
            foreach ((int fd, _) in _ready.AsSpan(0, count))
            {
                Assert.True(told.Add(fd));
                watched.Remove(fd);
            }
        }

        Assert.Equal(pipes.Select(pipe => pipe.Reader.Fd).Order(), told.Order());
        foreach ((FileDescriptor reader, FileDescriptor writer) in pipes)
        {
            reader.Dispose();
            writer.Dispose();
        }
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void More_than_there_is_room_for_all_have_their_turn_though_all_stay_ready(bool epoll)
    {
        using ReadinessSet watched = Create(epoll);
        (FileDescriptor Reader, FileDescriptor Writer)[] pipes = [.. Enumerable.Range(0, 2 * _ready.Length).Select(_ => Some.Pipe())];
        foreach ((FileDescriptor reader, FileDescriptor writer) in pipes)
        {
            watched.Add(reader.Fd, Poll.POLLIN);
            Some.Write(writer.Fd, "x");
        }

        for (int round = 0; round < 3; round++)
        {
            var told = new List<int>();
            for (int half = 0; half < 2; half++)
            {
                Assert.Equal(_ready.Length, watched.Wait(_ready, Deadline.Never));
                told.AddRange(_ready.Select(one => one.Descriptor));
            }

            Assert.Equal(pipes.Select(pipe => pipe.Reader.Fd).Order(), told.Order());
        }

        foreach ((FileDescriptor reader, FileDescriptor writer) in pipes)
        {
            reader.Dispose();
            writer.Dispose();
        }
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_not_watched_is_neither_changed_nor_removed(bool epoll)
    {
        using ReadinessSet watched = Create(epoll);
        Assert.Contains($"Descriptor {Fd} is not watched", Assert.Throws<ArgumentException>(() => watched.Change(Fd, 0)).Message);
        Assert.Contains($"Descriptor {Fd} is not watched", Assert.Throws<ArgumentException>(() => watched.Remove(Fd)).Message);
        watched.Add(Fd, Poll.POLLOUT);
        watched.Remove(Fd);
        Assert.Throws<ArgumentException>(() => watched.Remove(Fd));
        Assert.Equal(0, watched.Wait(_ready, Now));
    }

    [Fact]
    public void The_event_of_epoll_is_packed_on_x64_and_aligned_on_arm64()
    {
        byte[] packed = new byte[SysEpoll.EventSizeOn(PlatformId.LinuxX64)];
        SysEpoll.Write(packed, 0x01020304, Poll.POLLIN | Poll.POLLOUT);
        Assert.Equal([5, 0, 0, 0, 4, 3, 2, 1, 0, 0, 0, 0], packed);
        byte[] aligned = new byte[SysEpoll.EventSizeOn(PlatformId.LinuxArm64)];
        SysEpoll.Write(aligned, 0x01020304, Poll.POLLIN | Poll.POLLOUT);
        Assert.Equal([5, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1, 0, 0, 0, 0], aligned);
        Assert.Equal((0x01020304, (short)5), SysEpoll.Read(aligned));
    }

    private static Deadline Now => Deadline.After(TimeSpan.Zero);

    private static ReadinessSet Create(bool epoll) => epoll ? new ReadinessSet.EpollSet() : new ReadinessSet.PollSet();
}
