using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>Closing by description closes only the descriptor that was described.</summary>
public sealed class DescriptorIdentityTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [LinuxFact]
    public void A_description_of_an_eventfd_does_not_close_a_timer_with_its_number()
    {
        int fd = Libc.Checked(Libc.EventFd(0, 0));
        DescriptorInfo stale = Describe(fd);
        using FileDescriptor timer = Replace(fd, () => Libc.TimerFdCreate(1, 0));
        Assert.False(stale.IsCurrent());
        Assert.Throws<InvalidOperationException>(() => stale.Close());
        Assert.Throws<InvalidOperationException>(() => stale.Close(force: true));
        Assert.True(Some.IsOpen(fd));
    }

    // The next eventfd gets the eventfd-id (in fdinfo) of one that was closed, and nothing distinguishes epoll descriptors.
    [LinuxTheory]
    [InlineData("eventfd")]
    [InlineData("timerfd")]
    [InlineData("epoll")]
    [InlineData("inotify")]
    public void Descriptors_that_the_kernel_does_not_distinguish_are_closed_only_with_force(string kind)
    {
        int fd = Libc.Checked(Make());
        DescriptorInfo stale = Describe(fd);
        using FileDescriptor other = Replace(fd, Make);
        Assert.Throws<InvalidOperationException>(() => stale.Close());
        Assert.True(Some.IsOpen(fd));
        stale.Close(force: true);
        Assert.False(Some.IsOpen(fd));

        int Make() => kind switch
        {
            "eventfd" => Libc.EventFd(0, 0),
            "timerfd" => Libc.TimerFdCreate(1, 0),
            "epoll" => Libc.EpollCreate1(0),
            _ => Libc.InotifyInit1(0),
        };
    }

    [LinuxFact]
    public void A_file_opened_in_another_way_is_another_descriptor()
    {
        string path = _directory.Write("file", "text");
        int fd = FileDescriptor.Open(path).Detach();
        DescriptorInfo stale = Describe(fd);
        Assert.True(stale.IsCurrent());
        using FileDescriptor other = Replace(fd, () => FileDescriptor.Open(path, FileAccess.ReadWrite).Detach());
        Assert.False(stale.IsCurrent());
        Assert.Throws<InvalidOperationException>(() => stale.Close(force: true));
        Describe(fd).Close();
        Assert.False(Some.IsOpen(fd));
        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(() => stale.Close()).ErrnoName);
    }

    [LinuxFact]
    public void Sockets_pipes_and_processes_are_closed_without_force()
    {
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using (writer)
        {
            Describe(reader.Fd).Close();
            Assert.False(reader.IsOpen);
        }

        int process = Libc.Checked(Libc.PidFdOpen(Environment.ProcessId));
        Describe(process).Close();
        Assert.False(Some.IsOpen(process));
    }

    [LinuxFact]
    public void A_description_of_another_process_is_compared_and_never_closed()
    {
        using Program other = Program.Start("cat");
        DescriptorInfo there = new DescriptorInspector().Describe(other.Id, 1);
        Assert.True(there.IsCurrent());
        Assert.Throws<ArgumentException>(() => there.Close(force: true));
    }

    [LinuxFact]
    public void A_socket_file_that_was_opened_as_a_path_is_described_and_listed()
    {
        using UnixSocketListener listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(_directory.File("s")));
        int number = Libc.Checked(Fcntl.Open(
            _directory.File("s"), Constants.Current.O_PATH | Constants.Current.O_NOFOLLOW | Constants.Current.O_CLOEXEC));
        using var path = new FileDescriptor(number, ownsHandle: true);
        DescriptorInfo info = Assert.Single(new DescriptorInspector().List(Environment.ProcessId), info => info.Fd == number);
        Assert.Equal(
            (DescriptorAccess.None, _directory.File("s"), _directory.File("s"), null), (info.Access, info.Target, info.Path, info.Family));
        Assert.True(info.Flags.HasFlag(DescriptorFlags.PathOnly));
        Assert.True(info.IsCurrent());
        Assert.Equal(info.Target, new DescriptorInspector().DescribeFromProc(Environment.ProcessId, number, [])!.Target);
    }

    private static DescriptorInfo Describe(int fd) => new DescriptorInspector().Describe(Environment.ProcessId, fd);

    // Closes a number, and opens another descriptor with that number.
    private static FileDescriptor Replace(int fd, Func<int> make)
    {
        Closing.CloseByNumber(fd);
        int other = Libc.Checked(make());
        if (other != fd)
        {
            Libc.Checked(Unistd.Replace(other, fd));
            _ = Closing.Close(other);
        }

        return new FileDescriptor(fd, ownsHandle: true);
    }
}
