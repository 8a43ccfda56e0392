using System.Diagnostics;
using System.Net.Sockets;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass.Tests.Waiting;

/// <summary>Waiting for many descriptors at once, by epoll(7) and by the poll(2) of systems that have no epoll.</summary>
public sealed class DescriptorSetTests : IDisposable
{
    private const DescriptorEvents Readable = DescriptorEvents.Readable;
    private const DescriptorEvents Writable = DescriptorEvents.Writable;
    private const DescriptorEvents None = DescriptorEvents.None;

    private readonly List<FileDescriptor> _opened = [];
    private readonly ReadyDescriptor[] _ready = new ReadyDescriptor[8];

    public static TheoryData<bool> Pollers => [true, false];

    public void Dispose() => _opened.ForEach(descriptor => descriptor.Dispose());

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void Returns_only_the_descriptors_that_are_ready(bool epoll)
    {
        using DescriptorSet set = Create(epoll);
        (FileDescriptor silent, _) = Pipe();
        (FileDescriptor reader, FileDescriptor writer) = Pipe();
        set.Add(silent.SafeHandle, Readable);
        set.Add(reader.SafeHandle, Readable, "state");
        Assert.Equal(2, set.Count);
        Assert.Equal(0, Look(set));
        Some.Write(writer.Fd, "x");
        Assert.Equal(1, set.Wait(_ready, Patience.Long));
        Assert.Equal(new ReadyDescriptor(reader.SafeHandle, Readable, "state"), _ready[0]);
    }

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void The_events_that_are_waited_for_can_change(bool epoll)
    {
        using DescriptorSet set = Create(epoll);
        (FileDescriptor left, FileDescriptor right) = Pair();
        Some.Write(left.Fd, "x");
        set.Add(right.SafeHandle, Readable);
        set.Change(right.SafeHandle, None);
        Assert.Equal(0, Look(set));
        set.Change(right.SafeHandle, Writable);
        Assert.Equal(1, Look(set));
        Assert.Equal(Writable, _ready[0].Events);
        set.Change(right.SafeHandle, Readable | Writable);
        Assert.Equal(1, Look(set));
        Assert.Equal(Readable | Writable, _ready[0].Events);
    }

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void A_hang_up_is_reported_even_without_requested_events(bool epoll)
    {
        using DescriptorSet set = Create(epoll);
        (FileDescriptor left, FileDescriptor right) = Pair();
        set.Add(right.SafeHandle, None);
        left.Dispose();
        Assert.Equal(1, set.Wait(_ready, Patience.Long));
        Assert.Equal(DescriptorEvents.HangUp, _ready[0].Events);
    }

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void A_member_that_was_removed_is_not_reported_even_if_another_descriptor_has_the_same_file(bool epoll)
    {
        using DescriptorSet set = Create(epoll);
        (FileDescriptor left, FileDescriptor right) = Pair();
        using FileDescriptor copy = right.Duplicate();
        set.Add(right.SafeHandle, Readable);
        Assert.True(set.Remove(right.SafeHandle));
        right.Dispose();
        Some.Write(left.Fd, "x");
        Assert.Equal(0, Look(set));
        set.Add(copy.SafeHandle, Readable);
        Assert.Equal(1, Look(set));
        Assert.Same(copy.SafeHandle, _ready[0].Descriptor);
    }

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void A_member_that_was_closed_is_not_reported_even_if_another_descriptor_has_the_same_file(bool epoll)
    {
        using DescriptorSet set = Create(epoll);
        (FileDescriptor left, FileDescriptor right) = Pair();
        (FileDescriptor reader, FileDescriptor writer) = Pipe();
        using FileDescriptor copy = right.Duplicate();
        set.Add(right.SafeHandle, Readable);
        set.Add(reader.SafeHandle, Readable);
        right.Dispose();
        Some.Write(left.Fd, "x");

        // epoll continues to report it, and the set has to stop that. Otherwise, the wait would not block and would use a whole processor.
        TimeSpan before = ProcessorTime();
        Assert.Equal(0, set.Wait(_ready, TimeSpan.FromMilliseconds(500)));
        Assert.True(ProcessorTime() - before < TimeSpan.FromMilliseconds(250), "The wait spins.");
        Assert.Equal(1, set.Count);
        Some.Write(writer.Fd, "x");
        Assert.Equal(1, set.Wait(_ready, Patience.Long));
        Assert.Same(reader.SafeHandle, _ready[0].Descriptor);
    }

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void A_member_that_was_closed_is_not_reported_for_the_file_that_has_its_number_now(bool epoll)
    {
        using DescriptorSet set = Create(epoll);
        (FileDescriptor left, FileDescriptor right) = Pair();
        (FileDescriptor reader, FileDescriptor writer) = Pipe();
        using FileDescriptor copy = right.Duplicate();
        int number = right.Fd;
        set.Add(right.SafeHandle, Readable, "closed");
        right.Dispose();
        Assert.Equal(number, Libc.Dup2(reader.Fd, number));
        using var successor = new FileDescriptor(number, ownsHandle: true);
        Some.Write(writer.Fd, "x");
        Some.Write(left.Fd, "x");
        Assert.Equal(0, Look(set));

        set.Add(successor.SafeHandle, Readable, "successor");
        Assert.Equal(1, Look(set));
        Assert.Equal("successor", _ready[0].State);
        Assert.True(set.Remove(successor.SafeHandle));
        Assert.Equal(0, Look(set));
    }

    [LinuxFact]
    public void A_member_whose_number_was_closed_elsewhere_is_replaced_by_the_next_one_with_that_number()
    {
        using DescriptorSet set = Create(epoll: true);
        (FileDescriptor left, FileDescriptor right) = Pair();
        (FileDescriptor reader, FileDescriptor writer) = Pipe();
        using FileDescriptor copy = right.Duplicate();
        int number = copy.Fd;
        using var borrowed = new FileDescriptor(number, ownsHandle: false);
        set.Add(borrowed.SafeHandle, Readable, "borrowed");
        copy.Dispose();
        Assert.Equal(number, Libc.Dup2(reader.Fd, number));
        using var successor = new FileDescriptor(number, ownsHandle: true);
        set.Add(successor.SafeHandle, Readable, "successor");
        Some.Write(left.Fd, "x");
        Some.Write(writer.Fd, "x");
        Assert.Equal(1, Look(set));
        Assert.Equal("successor", _ready[0].State);
        Assert.Equal(1, set.Count);
    }

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void A_descriptor_can_be_a_member_only_once(bool epoll)
    {
        using DescriptorSet set = Create(epoll);
        (FileDescriptor reader, _) = Pipe();
        using var same = new FileDescriptor(reader.Fd, ownsHandle: false);
        set.Add(reader.SafeHandle, Readable);
        Assert.Contains("already a member", Assert.Throws<ArgumentException>(() => set.Add(reader.SafeHandle, Readable)).Message);
        Assert.Contains("already a member", Assert.Throws<ArgumentException>(() => set.Add(same.SafeHandle, Readable)).Message);
        Assert.Equal(1, set.Count);
    }

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void A_descriptor_that_is_not_a_member_is_neither_changed_nor_removed(bool epoll)
    {
        using DescriptorSet set = Create(epoll);
        (FileDescriptor reader, _) = Pipe();
        Assert.Throws<ArgumentException>(() => set.Change(reader.SafeHandle, Writable));
        Assert.False(set.Remove(reader.SafeHandle));
        set.Add(reader.SafeHandle, Readable);
        Assert.True(set.Remove(reader.SafeHandle));
        Assert.False(set.Remove(reader.SafeHandle));
        Assert.Throws<ArgumentOutOfRangeException>(() => set.Add(reader.SafeHandle, (DescriptorEvents)0x40));
        reader.Dispose();
        Assert.Throws<ObjectDisposedException>(() => set.Add(reader.SafeHandle, Readable));
        Assert.Throws<ArgumentException>(() => set.Wait([], TimeSpan.Zero));
        Assert.Equal(0, Look(set));
    }

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void Members_that_do_not_fit_into_the_buffer_are_reported_by_the_next_wait(bool epoll)
    {
        using DescriptorSet set = Create(epoll);
        for (int i = 0; i < 2 * _ready.Length; i++)
        {
            (FileDescriptor reader, FileDescriptor writer) = Pipe();
            set.Add(reader.SafeHandle, Readable, i);
            Some.Write(writer.Fd, "x");
        }

        for (int round = 0; round < 3; round++)
        {
            var found = new List<int>();
            for (int half = 0; half < 2; half++)
            {
                Assert.Equal(_ready.Length, Look(set));
                found.AddRange(_ready.Select(one => (int)one.State!));
            }

            Assert.Equal(Enumerable.Range(0, 2 * _ready.Length), found.Order());
        }
    }

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void Files_are_always_ready_and_do_not_hide_other_members(bool epoll)
    {
        using DescriptorSet set = Create(epoll);
        using var folder = new TemporaryDirectory();
        for (int i = 0; i < 3; i++)
        {
            FileDescriptor file = FileDescriptor.Open(folder.Write($"file{i}", "text"));
            _opened.Add(file);
            set.Add(file.SafeHandle, Readable, $"file{i}");
        }

        FileDescriptor directory = FileDescriptor.Open(folder.Path);
        _opened.Add(directory);
        set.Add(directory.SafeHandle, None, "directory");
        Assert.Equal(3, Look(set));
        Assert.All(_ready.AsSpan(0, 3).ToArray(), one => Assert.Equal(Readable, one.Events));
        for (int i = 0; i < 3; i++)
        {
            (FileDescriptor reader, FileDescriptor writer) = Pipe();
            Some.Write(writer.Fd, "x");
            set.Add(reader.SafeHandle, Readable, $"pipe{i}");
        }

        foreach (int length in (int[])[1, 2, 8])
        {
            var found = new HashSet<string>();
            for (int round = 0; round < 12; round++)
            {
                int count = set.Wait(_ready.AsSpan(0, length), Patience.Long);
                Assert.InRange(count, 1, length);
                found.UnionWith(_ready.AsSpan(0, count).ToArray().Select(one => (string)one.State!));
            }

            Assert.Equal(["file0", "file1", "file2", "pipe0", "pipe1", "pipe2"], found.Order());
        }

        Assert.True(set.Remove(_opened[0].SafeHandle));
        _opened[1].Dispose();
        set.Change(_opened[2].SafeHandle, None);
        Assert.Equal(3, Look(set));
        Assert.All(_ready.AsSpan(0, 3).ToArray(), one => Assert.StartsWith("pipe", (string)one.State!));
    }

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void Processes_events_and_timers_can_be_members(bool epoll)
    {
        using DescriptorSet set = Create(epoll);
        using var program = Program.Start("cat");
        FileDescriptor process = Own(Libc.PidFdOpen(program.Id));
        FileDescriptor @event = Own(Libc.EventFd(0, 0));
        FileDescriptor timer = Own(Libc.TimerFdCreate(1, 0));
        set.Add(process.SafeHandle, Readable, "process");
        set.Add(@event.SafeHandle, Readable, "event");
        set.Add(timer.SafeHandle, Readable, "timer");
        Assert.Equal(0, Look(set));
        Some.Write(@event.Fd, "\x1\0\0\0\0\0\0\0");
        Assert.Equal(1, set.Wait(_ready, Patience.Long));
        Assert.Equal("event", _ready[0].State);
        set.Remove(@event.SafeHandle);
        program.Input.Close();
        Assert.Equal(1, set.Wait(_ready, Patience.Long));
        Assert.Equal("process", _ready[0].State);
    }

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void Another_thread_ends_the_wait(bool epoll)
    {
        using DescriptorSet set = Create(epoll);
        int count = -1;
        BlockedThread waiting = BlockedThread.Start(() => count = set.Wait(_ready, Timeout.InfiniteTimeSpan));
        set.Wake();
        Assert.Null(waiting.Join());
        Assert.Equal(0, count);

        // Calls before a wait also end it, and count as one.
        set.Wake();
        set.Wake();
        Assert.Equal(0, set.Wait(_ready, Timeout.InfiniteTimeSpan));
        using var cancellation = new CancellationTokenSource();
        waiting = BlockedThread.Start(() => set.Wait(_ready, Timeout.InfiniteTimeSpan, cancellation.Token));
        cancellation.Cancel();
        Assert.IsType<OperationCanceledException>(waiting.Join());
        Assert.Throws<OperationCanceledException>(() => set.Wait(_ready, TimeSpan.Zero, cancellation.Token));
    }

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void Other_threads_add_change_and_remove_during_a_wait(bool epoll)
    {
        using DescriptorSet set = Create(epoll);
        (FileDescriptor reader, FileDescriptor writer) = Pipe();
        (FileDescriptor left, FileDescriptor right) = Pair();
        Some.Write(writer.Fd, "x");
        set.Add(right.SafeHandle, Readable, "removed");
        int count = 0;
        BlockedThread waiting = BlockedThread.Start(() => count = set.Wait(_ready, Timeout.InfiniteTimeSpan));
        set.Remove(right.SafeHandle);
        Some.Write(left.Fd, "x");
        set.Add(reader.SafeHandle, None, "changed");
        set.Change(reader.SafeHandle, Readable);
        Assert.Null(waiting.Join());
        Assert.Equal(1, count);
        Assert.Equal("changed", _ready[0].State);

        set.Change(reader.SafeHandle, None);
        waiting = BlockedThread.Start(() => count = set.Wait(_ready, Timeout.InfiniteTimeSpan));
        using var folder = new TemporaryDirectory();
        using FileDescriptor file = FileDescriptor.Open(folder.Write("file", ""));
        set.Add(file.SafeHandle, Readable, "file");
        Assert.Null(waiting.Join());
        Assert.Equal("file", _ready[0].State);
    }

    [LinuxTheory]
    [MemberData(nameof(Pollers))]
    public void Disposing_ends_the_wait_and_one_thread_waits_at_a_time(bool epoll)
    {
        DescriptorSet set = Create(epoll);
        (FileDescriptor reader, _) = Pipe();
        set.Add(reader.SafeHandle, Readable);
        BlockedThread waiting = BlockedThread.Start(() => set.Wait(_ready, Timeout.InfiniteTimeSpan));
        Assert.Throws<InvalidOperationException>(() => set.Wait(_ready, TimeSpan.Zero));
        set.Dispose();
        Assert.IsType<ObjectDisposedException>(waiting.Join());
        set.Dispose();
        set.Wake();
        Assert.True(reader.IsOpen);
        Assert.False(set.Remove(reader.SafeHandle));
        Assert.Throws<ObjectDisposedException>(() => set.Add(reader.SafeHandle, Readable));
        Assert.Throws<ObjectDisposedException>(() => set.Change(reader.SafeHandle, None));
        Assert.Throws<ObjectDisposedException>(() => set.Wait(_ready, TimeSpan.Zero));
    }

    [LinuxFact]
    public void A_set_and_its_waits_leave_no_descriptor_open() => OpenDescriptors.AreUnchangedBy(() =>
    {
        foreach (bool epoll in (bool[])[true, false])
        {
            using DescriptorSet set = Create(epoll);
            (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
            using (reader)
            using (writer)
            {
                set.Add(reader.SafeHandle, Readable);
                using FileDescriptor copy = reader.Duplicate();
                reader.Dispose();
                Some.Write(writer.Fd, "x");
                Assert.Equal(0, set.Wait(_ready, TimeSpan.FromMilliseconds(10)));
            }
        }
    });

    [LinuxFact]
    public void A_failed_add_changes_nothing()
    {
        using var set = new DescriptorSet(new FullPoller());
        (FileDescriptor reader, FileDescriptor writer) = Pipe();
        Some.Write(writer.Fd, "x");
        Assert.Equal("ENOSPC", Assert.Throws<SystemCallException>(() => set.Add(reader.SafeHandle, Readable)).ErrnoName);
        Assert.Equal(0, set.Count);
        Assert.Equal(0, Look(set));
        Assert.False(set.Remove(reader.SafeHandle));
    }

    [LinuxFact]
    public void With_a_full_table_a_new_set_is_EMFILE_and_an_existing_one_works() => Child.Run(FillsTheTable);

    [LinuxFact]
    public void A_wait_does_not_allocate_for_idle_members()
    {
        // With poll(2), each of a thousand waits would check 4,000 members, which takes seconds.
        (FileDescriptor reader, FileDescriptor writer) = Pipe();
        using DescriptorSet set = Create(epoll: true);
        FileDescriptor[] idle = [.. Enumerable.Range(0, 4000).Select(_ => reader.Duplicate())];
        (FileDescriptor busy, FileDescriptor busyWriter) = Pipe();
        foreach (FileDescriptor one in idle)
        {
            set.Add(one.SafeHandle, Readable);
        }

        set.Add(busy.SafeHandle, Readable);
        Some.Write(busyWriter.Fd, "x");
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Assert.All(Enumerable.Repeat(0, 1000), _ => Assert.Equal(1, set.Wait(_ready, Patience.Long)));
        Look(set);
        Array.ForEach(idle, one => one.Dispose());
        Assert.Equal(1, Look(set));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < 4000 * 1000, "A wait allocates for each member.");
    }

    [Fact]
    public void The_event_of_epoll_is_packed_on_x64_and_aligned_on_arm64()
    {
        byte[] packed = new byte[SysEpoll.EventSizeOn(PlatformId.LinuxX64)];
        SysEpoll.Write(packed, 0x0102030405060708, Poll.POLLIN | Poll.POLLOUT);
        Assert.Equal([5, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1], packed);
        byte[] aligned = new byte[SysEpoll.EventSizeOn(PlatformId.LinuxArm64)];
        SysEpoll.Write(aligned, 0x0102030405060708, Poll.POLLIN | Poll.POLLOUT);
        Assert.Equal([5, 0, 0, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1], aligned);
        Assert.Equal((0x0102030405060708ul, (short)5), SysEpoll.Read(aligned));
    }

    private static void FillsTheTable()
    {
        FullTable.WarmUp();
        var ready = new ReadyDescriptor[4];
        (FileDescriptor closed, FileDescriptor closedWriter) = Some.Pipe();
        using FileDescriptor copy = closed.Duplicate();
        using var set = new DescriptorSet();
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        set.Add(closed.SafeHandle, Readable);
        set.Add(reader.SafeHandle, Readable);
        Assert.Equal(0, set.Wait(ready, TimeSpan.FromMilliseconds(1)));
        using (new FullTable(free: 1))
        {
            // A set needs two descriptors.
            Assert.Equal("EMFILE", Assert.Throws<SystemCallException>(() => new DescriptorSet()).ErrnoName);
            closed.Dispose();
            Some.Write(closedWriter.Fd, "x");
            Some.Write(writer.Fd, "x");

            // The set is rebuilt with the descriptor number that it had.
            using var second = new FullTable(free: 0);
            for (int i = 0; i < 4; i++)
            {
                Assert.Equal(1, set.Wait(ready, Patience.Long));
                Assert.Same(reader.SafeHandle, ready[0].Descriptor);
            }
        }
    }

    private static DescriptorSet Create(bool epoll) => new(epoll ? new EpollPoller() : new PollPoller());

    private static TimeSpan ProcessorTime()
    {
        // Of this thread only, because other threads run tests at the same time.
        string[] fields = File.ReadAllText($"/proc/self/task/{Libc.GetTid()}/stat").Split(") ")[1].Split(' ');
        return TimeSpan.FromMilliseconds(10 * (long.Parse(fields[11]) + long.Parse(fields[12])));
    }

    private int Look(DescriptorSet set) => set.Wait(_ready, TimeSpan.Zero);

    private (FileDescriptor Reader, FileDescriptor Writer) Pipe()
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        _opened.AddRange([reader, writer]);
        return (reader, writer);
    }

    private (FileDescriptor Left, FileDescriptor Right) Pair()
    {
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using (left)
        using (right)
        {
            return (Own(Libc.Dup((int)left.Handle)), Own(Libc.Dup((int)right.Handle)));
        }
    }

    private FileDescriptor Own(int number)
    {
        var descriptor = new FileDescriptor(Libc.Checked(number), ownsHandle: true);
        _opened.Add(descriptor);
        return descriptor;
    }

    /// <summary>Accepts only the set's own descriptor, as when fs.epoll.max_user_watches is exhausted.</summary>
    private sealed class FullPoller : EpollPoller
    {
        public override bool TryAdd(int fd, ulong token, short events) =>
            token == 0 ? base.TryAdd(fd, token, events) : throw new SystemCallException("epoll_ctl", ErrnoNames.NumberOf("ENOSPC"));
    }
}
