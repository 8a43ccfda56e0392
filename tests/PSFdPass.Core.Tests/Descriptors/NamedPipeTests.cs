namespace PSFdPass.Tests;

/// <summary>Opening a FIFO, which waits for the other end.</summary>
public sealed class NamedPipeTests : IDisposable
{
    private static readonly TimeSpan Forever = Timeout.InfiniteTimeSpan;
    private readonly TemporaryDirectory _folder = new();
    private readonly string _path;

    public NamedPipeTests()
    {
        _path = _folder.File("pipe");
        MakePipe(_path);
    }

    public static TheoryData<FileAccess, bool> Ends => new()
    {
        { FileAccess.Read, false }, { FileAccess.Write, false }, { FileAccess.Read, true }, { FileAccess.Write, true },
    };

    public void Dispose() => _folder.Dispose();

    [LinuxTheory]
    [MemberData(nameof(Ends))]
    public void Without_the_other_end_the_wait_ends_by_timeout_and_by_cancellation(FileAccess access, bool isBeneath)
    {
        FileOpenOptions options = new() { Access = access, Beneath = isBeneath ? _folder.Path : null };
        string path = isBeneath ? "pipe" : _path;
        OpenDescriptors.AreUnchangedBy(() =>
        {
            Assert.Throws<TimeoutException>(() => FileDescriptor.Open(path, options, TimeSpan.Zero));
            Assert.Throws<TimeoutException>(() => FileDescriptor.Open(path, options, Patience.Short));
            using var stop = new CancellationTokenSource(Patience.Short);
            Assert.ThrowsAny<OperationCanceledException>(() => FileDescriptor.Open(path, options, Forever, stop.Token));
        });
    }

    [LinuxTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Opening_the_other_end_ends_the_wait(bool readerIsFirst)
    {
        (FileAccess first, FileAccess second) = readerIsFirst ? (FileAccess.Read, FileAccess.Write) : (FileAccess.Write, FileAccess.Read);
        FileDescriptor? early = null;
        BlockedThread waiting = BlockedThread.Start(() => early = FileDescriptor.Open(_path, new() { Access = first }, Forever));
        using FileDescriptor late = FileDescriptor.Open(_path, new() { Access = second }, Patience.Long);
        Assert.Null(waiting.Join());
        using (early)
        {
            (FileDescriptor reader, FileDescriptor writer) = readerIsFirst ? (early!, late) : (late, early!);
            Assert.Equal((DescriptorFlags.CloseOnExec, DescriptorFlags.CloseOnExec), (reader.Flags, writer.Flags));
            Some.Write(writer.Fd, "abc");
            Assert.Equal("abc", Some.Read(reader));
        }
    }

    // A reader is open during the wait, so that open(2) of the other program returns.
    [LinuxTheory]
    [InlineData("exec 3>\"$0\"; read line", "")]
    [InlineData("printf abc > \"$0\"; read line", "abc")]
    [InlineData(": > \"$0\"; read line", "")]
    public void A_writer_in_another_program_ends_the_wait_even_if_it_has_closed_again(string script, string expected)
    {
        using Program program = Program.Start("sh", "-c", script, _path);
        using FileDescriptor reader = FileDescriptor.Open(_path, new(), Patience.Long);
        program.Finish();
        Assert.Equal(expected, Some.Read(reader));
    }

    [LinuxTheory]
    [InlineData(FileAccess.Read)]
    [InlineData(FileAccess.Write)]
    public void A_file_that_replaces_the_pipe_during_the_wait_is_opened(FileAccess access)
    {
        FileDescriptor? opened = null;
        BlockedThread waiting = BlockedThread.Start(() => opened = FileDescriptor.Open(_path, new() { Access = access }, Forever));
        File.Move(_folder.Write("file", "text"), _path, overwrite: true);
        Assert.Null(waiting.Join());
        using (opened)
        {
            Assert.Equal((DescriptorKind.File, _path), (opened!.Kind, opened.Target));
        }
    }

    [LinuxFact]
    public void Another_pipe_that_replaces_the_pipe_during_the_wait_is_opened()
    {
        FileDescriptor? opened = null;
        BlockedThread waiting = BlockedThread.Start(() => opened = FileDescriptor.Open(_path, FileAccess.Read));
        string other = _folder.File("other");
        MakePipe(other);
        File.Move(other, _path, overwrite: true);
        using FileDescriptor writer = FileDescriptor.Open(_path, new() { Access = FileAccess.Write }, Patience.Long);
        Assert.Null(waiting.Join());
        using (opened)
        {
            Some.Write(writer.Fd, "abc");
            Assert.Equal("abc", Some.Read(opened!));
        }
    }

    [LinuxFact]
    public void Deleting_the_pipe_during_the_wait_causes_ENOENT()
    {
        BlockedThread waiting = BlockedThread.Start(() => FileDescriptor.Open(_path, FileAccess.Read).Dispose());
        File.Delete(_path);
        Assert.Equal("ENOENT", Assert.IsType<SystemCallException>(waiting.Join()).ErrnoName);
    }

    [LinuxFact]
    public void The_wait_does_not_consume_data()
    {
        using FileDescriptor both = FileDescriptor.Open(_path, FileAccess.ReadWrite);
        Some.Write(both.Fd, "abc");
        using FileDescriptor reader = FileDescriptor.Open(_path, new(), Patience.Long);
        Assert.Equal("abc", Some.Read(reader));
    }

    [LinuxFact]
    public void Opening_a_socket_fails_without_waiting()
    {
        using var listener = UnixSocketListener.Create(UnixSocketAddress.FromPath(_folder.File("s")));
        Assert.Equal("ENXIO", Assert.Throws<SystemCallException>(() => FileDescriptor.Open(_folder.File("s"), FileAccess.Write)).ErrnoName);
        Assert.Equal(
            "ENXIO",
            Assert.Throws<SystemCallException>(
                () => FileDescriptor.Open("s", new() { Access = FileAccess.Write, Beneath = _folder.Path }, Forever)).ErrnoName);
    }

    [LinuxFact]
    public void With_the_table_full_the_wait_for_a_writer_ends_with_EMFILE() => Child.Run(OpenWithFullTable);

    private static void OpenWithFullTable()
    {
        using var folder = new TemporaryDirectory();
        string path = folder.File("pipe");
        MakePipe(path);
        FullTable.WarmUp();
        Assert.Throws<TimeoutException>(() => FileDescriptor.Open(path, new(), Patience.Short));
        using (new FullTable(free: 2))
        {
            int before = FullTable.OpenCount();
            Assert.Equal("EMFILE", Assert.Throws<SystemCallException>(() => FileDescriptor.Open(path, new(), Patience.Long)).ErrnoName);
            Assert.Equal(before, FullTable.OpenCount());
        }
    }

    private static void MakePipe(string path) => Libc.Checked(Libc.MkFifo(path, 0x180));
}
