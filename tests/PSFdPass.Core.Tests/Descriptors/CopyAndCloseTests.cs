using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Handles;

namespace PSFdPass.Tests;

/// <summary>Duplicating to a chosen number and from another process, closing by number, and the effects on owners of the number.</summary>
public class CopyAndCloseTests
{
    // High enough that nothing else gets it.
    private const int Number = 611;

    [LinuxFact]
    public void A_copy_gets_the_requested_number()
    {
        using FileDescriptor file = Some.File();
        using FileDescriptor copy = FileDescriptor.DuplicateTo(file.Fd, Number);
        Assert.Equal(Number, copy.Fd);
        Assert.True(Some.AreSame(file.Fd, Number));
        Assert.Equal(DescriptorFlags.CloseOnExec, copy.Flags);
    }

    [LinuxFact]
    public void A_number_in_use_is_an_error_and_is_not_replaced()
    {
        using FileDescriptor file = Some.File();
        using FileDescriptor there = FileDescriptor.DuplicateTo(Some.Null().Detach(), Number);
        OpenDescriptors.AreUnchangedBy(() =>
            Assert.Contains($"{Number} is in use", Assert.Throws<InvalidOperationException>(() => FileDescriptor.DuplicateTo(file.Fd, Number)).Message));
        Assert.False(Some.AreSame(file.Fd, Number));
    }

    [LinuxFact]
    public void Replacing_a_number_invalidates_its_owner()
    {
        using FileDescriptor file = Some.File();
        var owner = FileDescriptor.DuplicateTo(Some.Null().Detach(), Number);
        using FileDescriptor copy = FileDescriptor.DuplicateTo(file.Fd, Number, replace: true);
        Assert.Equal(DescriptorFlags.CloseOnExec, copy.Flags);
        Assert.False(owner.IsOpen);
        Assert.Equal(-1, owner.Fd);
        Assert.Throws<ObjectDisposedException>(() => owner.SafeHandle);
        owner.Dispose();
        Assert.True(Some.AreSame(file.Fd, Number));
    }

    [LinuxFact]
    public void A_handle_obtained_before_the_number_was_closed_does_not_close_it_again()
    {
        var owner = Some.Null();
        var handle = (SafeDescriptorHandle)owner.SafeHandle;
        int fd = owner.Fd;
        Closing.CloseByNumber(fd);
        Assert.False(Some.IsOpen(fd));
        using FileDescriptor next = FileDescriptor.DuplicateTo(0, fd);
        handle.Dispose();
        Assert.True(Some.IsOpen(fd));
        next.Dispose();
        Assert.False(Some.IsOpen(fd));
    }

    [LinuxFact]
    public void Closing_one_number_does_not_affect_owners_of_others()
    {
        using FileDescriptor other = Some.Null();
        Closing.CloseByNumber(Some.Null().Detach());
        Assert.True(other.IsOpen);
        int fd = other.Fd;
        other.Dispose();
        Assert.False(Some.IsOpen(fd));
    }

    [LinuxFact]
    public void Owners_that_are_created_later_own_the_number_again()
    {
        int fd = Some.Null().Detach();
        Closing.CloseByNumber(fd);
        for (int i = 0; i < 3; i++)
        {
            FileDescriptor next = FileDescriptor.DuplicateTo(0, fd);
            Assert.True(next.IsOpen);
            next.Dispose();
            Assert.False(Some.IsOpen(fd));
        }
    }

    [LinuxFact]
    public void A_number_beyond_the_limit_is_an_error()
    {
        Assert.Contains("ulimit", Assert.Throws<ArgumentOutOfRangeException>(() => FileDescriptor.DuplicateTo(0, int.MaxValue)).Message);
        Assert.Contains("ulimit", Assert.Throws<ArgumentOutOfRangeException>(() => FileDescriptor.DuplicateTo(0, int.MaxValue, replace: true)).Message);
        Assert.Throws<ArgumentException>(() => FileDescriptor.DuplicateTo(0, 0, replace: true));
        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(() => FileDescriptor.DuplicateTo(999999, Number)).ErrnoName);
    }

    [LinuxFact]
    public void A_descriptor_is_duplicated_from_another_process()
    {
        using Program other = Program.Start("cat");
        using FileDescriptor pipe = FileDescriptor.DuplicateFromProcess(other.Id, 1);
        DescriptorInfo there = new DescriptorInspector().Describe(other.Id, 1);
        DescriptorInfo here = new DescriptorInspector().Describe(Environment.ProcessId, pipe.Fd);
        Assert.Equal(there.Inode, here.Inode);
        Assert.Equal(DescriptorKind.Pipe, here.Kind);
        Assert.Equal(DescriptorFlags.CloseOnExec, pipe.Flags);
        Assert.Equal("EBADF", Assert.Throws<SystemCallException>(() => FileDescriptor.DuplicateFromProcess(other.Id, 999999)).ErrnoName);
    }

    [LinuxFact]
    public void A_thread_ID_is_refused_as_a_process_ID()
    {
        int thread = ProcDirectory.ThreadsOfThisProcess().First(id => id != Environment.ProcessId);
        Assert.Equal("ESRCH", Assert.Throws<SystemCallException>(() => FileDescriptor.DuplicateFromProcess(thread, 0)).ErrnoName);
    }

    [LinuxFact]
    public void A_failed_duplication_leaves_nothing_open()
    {
        using Program other = Program.Start("cat");
        OpenDescriptors.AreUnchangedBy(() => Assert.Throws<SystemCallException>(() => FileDescriptor.DuplicateFromProcess(other.Id, 999999)));
    }

    [LinuxFact]
    public void Standard_streams_are_recognized()
    {
        Assert.All(new[] { 0, 1, 2 }, fd => Assert.True(new DescriptorInspector().Describe(Environment.ProcessId, fd).IsStandardStream));
    }

    [LinuxFact]
    public void Descriptors_of_the_kinds_that_the_runtime_opens_are_runtime_owned()
    {
        using var epoll = new FileDescriptor(Libc.Checked(Libc.EpollCreate1(0x80000)), ownsHandle: true);
        using var inotify = new FileDescriptor(Libc.Checked(Libc.InotifyInit1(0x80000)), ownsHandle: true);
        using FileDescriptor assembly = FileDescriptor.Open(typeof(FileDescriptor).Assembly.Location);
        using FileDescriptor random = FileDescriptor.Open("/dev/urandom");
        foreach (FileDescriptor one in new[] { epoll, inotify, assembly, random })
        {
            Assert.True(new DescriptorInspector().Describe(Environment.ProcessId, one.Fd).IsRuntimeOwned);
        }
    }

    [LinuxFact]
    public void Descriptors_that_a_user_creates_are_not_runtime_owned()
    {
        using FileDescriptor file = Some.File();
        using FileDescriptor device = Some.Null();
        using FileDescriptor text = FileDescriptor.Open("/etc/passwd");
        (Socket left, Socket right) = UnixSocket.CreatePair();
        using (left)
        using (right)
        {
            Assert.All(
                new[] { file.Fd, device.Fd, text.Fd, (int)left.Handle },
                fd => Assert.False(new DescriptorInspector().Describe(Environment.ProcessId, fd).IsRuntimeOwned));
        }
    }
}
