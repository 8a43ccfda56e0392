using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass.Tests;

/// <summary>Memory files: content, names, seals.</summary>
public unsafe class MemoryFileTests
{
    [LinuxFact]
    public void A_memory_file_has_its_content_and_is_read_from_its_beginning()
    {
        using FileDescriptor file = FileDescriptor.CreateMemoryFile("letters", "abc"u8);
        Assert.Equal(DescriptorKind.MemoryFile, file.Kind);
        Assert.Equal("/memfd:letters (deleted)", file.Target);
        Assert.Equal(DescriptorFlags.CloseOnExec, file.Flags);
        Assert.Equal("abc", Some.Read(file));
        Assert.Equal(MemoryFileSeals.None, file.Seals);
    }

    [LinuxTheory]
    [InlineData(MemoryFileSeals.Write)]
    [InlineData(MemoryFileSeals.Grow)]
    [InlineData(MemoryFileSeals.Write | MemoryFileSeals.Shrink | MemoryFileSeals.Grow)]
    public void Appending_to_a_file_sealed_against_writing_or_growing_fails(MemoryFileSeals seals)
    {
        using FileDescriptor file = FileDescriptor.CreateMemoryFile("letters", "abc"u8, seals);
        Assert.Equal(seals, file.Seals);
        _ = Libc.Seek(file.Fd, 0, 2);
        byte letter = 1;
        Assert.Equal(-1, Libc.Write(file.Fd, &letter, 1));
        Assert.Equal(Errno.EPERM, Errno.Last);
        _ = Libc.Seek(file.Fd, 0, 0);
        Assert.Equal("abc", Some.Read(file));
    }

    [LinuxFact]
    public void Adding_a_seal_to_a_file_sealed_against_seals_fails()
    {
        const int F_ADD_SEALS = 1033;
        using FileDescriptor file = FileDescriptor.CreateMemoryFile("letters", default, MemoryFileSeals.Seal);
        Assert.Equal(-1, Fcntl.Control(file.Fd, F_ADD_SEALS, (int)MemoryFileSeals.Write));
        Assert.Equal(Errno.EPERM, Errno.Last);
    }

    [LinuxFact]
    public void Other_files_have_no_seals()
    {
        // A file of tmpfs has the seal against further seals.
        using FileDescriptor file = FileDescriptor.Open("/proc/self/status");
        Assert.Null(file.Seals);
    }

    [LinuxFact]
    public void A_failure_leaves_nothing_open() => OpenDescriptors.AreUnchangedBy(() =>
    {
        Assert.Equal("EINVAL", Assert.Throws<SystemCallException>(() => FileDescriptor.CreateMemoryFile("x", "abc"u8, (MemoryFileSeals)4096)).ErrnoName);
        Assert.Throws<ArgumentException>(() => FileDescriptor.CreateMemoryFile(new string('ü', 125)));
        Assert.Throws<ArgumentException>(() => FileDescriptor.CreateMemoryFile("a\0b"));
        FileDescriptor.CreateMemoryFile(new string('x', 249)).Dispose();
    });
}
