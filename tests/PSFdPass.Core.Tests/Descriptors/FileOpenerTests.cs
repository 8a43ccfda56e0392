using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>Opening by path: flags, staying beneath a folder, and waiting for the other end of a named pipe.</summary>
public sealed class FileOpenerTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public void A_directory_can_be_asked_for()
    {
        string file = _folder.Write("file", "x");
        Assert.Equal("ENOTDIR", ErrorOf(file, new() { DirectoryOnly = true }));
        using FileDescriptor directory = FileOpener.Open(_folder.Path, new() { DirectoryOnly = true });
        Assert.Equal(DescriptorKind.Directory, directory.Kind);
    }

    [LinuxFact]
    public void A_new_file_has_the_permissions_that_are_given()
    {
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        string path = _folder.File("new");
        FileOpener.Open(path, new() { Access = FileAccess.Write, Create = true, Mode = Mode }).Dispose();
        Assert.Equal(Mode, File.GetUnixFileMode(path));
        string inside = _folder.File("inside");
        FileOpener.Open("inside", new() { Access = FileAccess.Write, Create = true, Mode = Mode, Beneath = _folder.Path }).Dispose();
        Assert.Equal(Mode, File.GetUnixFileMode(inside));
    }

    [LinuxFact]
    public void Options_that_contradict_each_other_change_nothing()
    {
        string path = _folder.Write("file", "abc");
        Assert.Throws<ArgumentException>(() => FileOpener.Open(path, new() { Truncate = true }));
        Assert.Throws<ArgumentException>(() => FileOpener.Open(path, new() { Append = true }));
        Assert.Throws<ArgumentOutOfRangeException>(() => FileOpener.Open(path, new() { Access = 0 }));
        Assert.Throws<ArgumentException>(() => FileOpener.Open("", new()));
        Assert.Throws<ArgumentException>(() => FileOpener.Open("a\0b", new()));
        Assert.Equal("abc", File.ReadAllText(path));
    }

    [LinuxTheory]
    [InlineData("../file", "EXDEV")]
    [InlineData("sub/../../file", "EXDEV")]
    [InlineData("out", "EXDEV")]
    [InlineData("absolute", "EXDEV")]
    [InlineData("/etc/passwd", "EXDEV")]
    [InlineData("up/file", "EXDEV")]
    [InlineData("none", "ENOENT")]
    [InlineData("loop", "ELOOP")]
    public void Nothing_leads_out(string path, string error)
    {
        string root = MakeRoot();
        Assert.Equal(error, ErrorOf(path, new() { Beneath = root }));
        Assert.Equal(error, ErrorOf(path, new() { Beneath = root }, TimeSpan.Zero));
        Assert.Equal("abc", File.ReadAllText(_folder.File("file")));
    }

    [LinuxTheory]
    [InlineData("deep")]
    [InlineData("in")]
    [InlineData("sub/../deep")]
    public void What_stays_beneath_is_opened(string path)
    {
        string root = MakeRoot();
        using FileDescriptor file = FileOpener.Open(path, new() { Beneath = root });
        Assert.Equal(Path.Combine(root, "deep"), file.Target);
        using FileDescriptor same = FileOpener.Open(Path.Combine(root, path), new() { Beneath = root });
        Assert.Equal(file.Target, same.Target);
    }

    [LinuxFact]
    public void Beneath_does_not_need_to_list_the_folder() => Child.Run(OpenInFolderThatCannotBeListed);

    [LinuxTheory]
    [InlineData(FileAccess.Read, false)]
    [InlineData(FileAccess.Write, false)]
    [InlineData(FileAccess.Read, true)]
    public void A_named_pipe_without_another_end_is_given_up(FileAccess access, bool isBeneath)
    {
        MakePipe();
        FileOpenOptions options = new() { Access = access, Beneath = isBeneath ? _folder.Path : null };
        string path = isBeneath ? "pipe" : _folder.File("pipe");
        OpenDescriptors.AreLeftAsTheyWere(() =>
        {
            Assert.Throws<TimeoutException>(() => FileOpener.Open(path, options, Patience.Short, CancellationToken.None));
            using var stop = new CancellationTokenSource(Patience.Short);
            Assert.ThrowsAny<OperationCanceledException>(() => FileOpener.Open(path, options, Timeout.InfiniteTimeSpan, stop.Token));
        });
    }

    [LinuxFact]
    public void A_named_pipe_is_opened_when_its_other_end_is()
    {
        MakePipe();
        using var never = new CancellationTokenSource();
        Task<FileDescriptor> reading = Task.Run(() => FileOpener.Open(_folder.File("pipe"), new(), Patience.Long, never.Token));
        using FileDescriptor writer = FileOpener.Open(
            _folder.File("pipe"), new() { Access = FileAccess.Write }, Patience.Long, never.Token);
        using FileDescriptor reader = reading.GetAwaiter().GetResult();
        Some.Write(writer.Fd, "abc");
        Assert.Equal("abc", Some.Read(reader));
        Assert.Equal(DescriptorFlags.CloseOnExec, reader.Flags);
    }

    [LinuxFact]
    public void A_failure_leaves_nothing_open()
    {
        string root = MakeRoot();
        OpenDescriptors.AreLeftAsTheyWere(() =>
        {
            Assert.Equal("EXDEV", ErrorOf("../file", new() { Beneath = root }));
            Assert.Equal("ENOENT", ErrorOf("x", new() { Beneath = root + "/none" }));
            FileOpener.Open("deep", new() { Beneath = root }).Dispose();
        });
    }

    [LinuxFact]
    public void The_real_path_is_where_links_lead()
    {
        string root = MakeRoot();
        Assert.Equal(_folder.File("file"), FileOpener.RealPathOf(Path.Combine(root, "out")));
        Assert.Throws<SystemCallException>(() => FileOpener.RealPathOf(Path.Combine(root, "none")));
    }

    private static string ErrorOf(string path, FileOpenOptions options, TimeSpan? timeout = null) =>
        Assert.Throws<SystemCallException>(() =>
        {
            using FileDescriptor file = FileOpener.Open(path, options, timeout ?? Timeout.InfiniteTimeSpan, CancellationToken.None);
        }).ErrnoName;

    private static void OpenInFolderThatCannotBeListed()
    {
        using var folder = new TemporaryDirectory();
        string path = folder.Write("file", "abc");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        const UnixFileMode Enter = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        bool isRoot = Unistd.GetEUid() == 0;
        File.SetUnixFileMode(folder.Path, Enter);
        if (isRoot)
        {
            Libc.Checked(Libc.SetResUid(uint.MaxValue, 65534, uint.MaxValue));
        }

        try
        {
            Assert.Throws<UnauthorizedAccessException>(() => Directory.GetFiles(folder.Path));
            using FileDescriptor file = FileOpener.Open("file", new() { Beneath = folder.Path });
            Assert.Equal("abc", Some.Read(file));
        }
        finally
        {
            if (isRoot)
            {
                Libc.Checked(Libc.SetResUid(uint.MaxValue, 0, uint.MaxValue));
            }

            File.SetUnixFileMode(folder.Path, Enter | UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    private string MakeRoot()
    {
        string root = Directory.CreateDirectory(_folder.File("root")).FullName;
        _folder.Write("file", "abc");
        _folder.Write("root/deep", "deep");
        Directory.CreateDirectory(Path.Combine(root, "sub"));
        File.CreateSymbolicLink(Path.Combine(root, "out"), "../file");
        File.CreateSymbolicLink(Path.Combine(root, "absolute"), _folder.File("file"));
        File.CreateSymbolicLink(Path.Combine(root, "up"), "..");
        File.CreateSymbolicLink(Path.Combine(root, "in"), "sub/../deep");
        File.CreateSymbolicLink(Path.Combine(root, "loop"), "loop");
        return root;
    }

    private void MakePipe() => Libc.Checked(Libc.MkFifo(_folder.File("pipe"), 0x180));
}
