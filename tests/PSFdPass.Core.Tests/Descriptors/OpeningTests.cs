using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>Opening by path: flags, and staying beneath a directory.</summary>
public sealed class OpeningTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public void DirectoryOnly_opens_directories_and_refuses_files()
    {
        string file = _folder.Write("file", "x");
        Assert.Equal("ENOTDIR", ErrorOf(file, new() { DirectoryOnly = true }));
        using FileDescriptor directory = Open(_folder.Path, new() { DirectoryOnly = true });
        Assert.Equal(DescriptorKind.Directory, directory.Kind);
    }

    [LinuxFact]
    public void A_new_file_has_the_specified_mode()
    {
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        string path = _folder.File("new");
        Open(path, new() { Access = FileAccess.Write, Create = true, Mode = Mode }).Dispose();
        Assert.Equal(Mode, File.GetUnixFileMode(path));
        string inside = _folder.File("inside");
        Open("inside", new() { Access = FileAccess.Write, Create = true, Mode = Mode, Beneath = _folder.Path }).Dispose();
        Assert.Equal(Mode, File.GetUnixFileMode(inside));
    }

    [LinuxFact]
    public void Invalid_options_are_errors_and_change_nothing()
    {
        string path = _folder.Write("file", "abc");
        Assert.Throws<ArgumentException>(() => Open(path, new() { Truncate = true }));
        Assert.Throws<ArgumentException>(() => Open(path, new() { Append = true }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Open(path, new() { Access = 0 }));
        Assert.Throws<ArgumentException>(() => Open("", new()));
        Assert.Throws<ArgumentException>(() => Open("a\0b", new()));
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
    public void A_path_that_leaves_the_directory_or_does_not_resolve_is_an_error(string path, string error)
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
    public void A_path_that_stays_beneath_the_directory_is_opened(string path)
    {
        string root = MakeRoot();
        using FileDescriptor file = Open(path, new() { Beneath = root });
        Assert.Equal(Path.Combine(root, "deep"), file.Target);
        using FileDescriptor same = Open(Path.Combine(root, path), new() { Beneath = root });
        Assert.Equal(file.Target, same.Target);
    }

    [LinuxFact]
    public void A_relative_path_is_not_compared_with_the_folder()
    {
        string root = MakeRoot();
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, root);
        Assert.Equal("ENOENT", ErrorOf(Path.Combine(relative, "deep").Replace("../", ""), new() { Beneath = root }));
        string same = Path.GetFileName(root);
        Directory.CreateDirectory(Path.Combine(root, same));
        File.WriteAllText(Path.Combine(root, same, "deep"), "deeper");
        using FileDescriptor file = Open(Path.Combine(same, "deep"), new() { Beneath = root });
        Assert.Equal(Path.Combine(root, same, "deep"), file.Target);
    }

    [LinuxFact]
    public void Beneath_does_not_need_to_list_the_folder() => Child.Run(OpenInFolderThatCannotBeListed);

    [LinuxFact]
    public void A_failure_leaves_nothing_open()
    {
        string root = MakeRoot();
        OpenDescriptors.AreUnchangedBy(() =>
        {
            Assert.Equal("EXDEV", ErrorOf("../file", new() { Beneath = root }));
            Assert.Equal("ENOENT", ErrorOf("x", new() { Beneath = root + "/none" }));
            Open("deep", new() { Beneath = root }).Dispose();
        });
    }

    [LinuxFact]
    public void A_path_only_descriptor_reports_the_target_of_a_link_and_does_not_open_it()
    {
        string root = MakeRoot();
        using FileDescriptor place = Open(Path.Combine(root, "out"), new() { PathOnly = true });
        Assert.Equal(_folder.File("file"), place.Target);
        Assert.Equal(
            (DescriptorKind.File, DescriptorAccess.None, DescriptorFlags.PathOnly | DescriptorFlags.CloseOnExec),
            (place.Kind, place.Access, place.Flags));
        Assert.Equal("ENOENT", ErrorOf(Path.Combine(root, "none"), new() { PathOnly = true }));
        Assert.Throws<ArgumentException>(() => Open(root, new() { PathOnly = true, Create = true }));

        // A FIFO is opened without waiting for its other end.
        Libc.Checked(Libc.MkFifo(_folder.File("pipe"), 0x180));
        using FileDescriptor pipe = Open(_folder.File("pipe"), new() { PathOnly = true });
        Assert.Equal(DescriptorKind.Pipe, pipe.Kind);
    }

    [LinuxFact]
    public void O_NONBLOCK_is_not_set_on_an_opened_file()
    {
        using FileDescriptor file = Open(_folder.Write("file", "abc"), new());
        using FileDescriptor device = Open("/dev/null", new() { Access = FileAccess.ReadWrite });
        using FileDescriptor directory = Open(_folder.Path, new());
        Assert.All([file, device, directory], one => Assert.Equal(DescriptorFlags.CloseOnExec, one.Flags));
    }

    private static FileDescriptor Open(string path, FileOpenOptions options) => FileDescriptor.Open(path, options, Patience.Long);

    private static string ErrorOf(string path, FileOpenOptions options, TimeSpan? timeout = null) =>
        Assert.Throws<SystemCallException>(() =>
        {
            using FileDescriptor file = FileDescriptor.Open(path, options, timeout ?? Timeout.InfiniteTimeSpan, CancellationToken.None);
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
            using FileDescriptor file = Open("file", new() { Beneath = folder.Path });
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
}
