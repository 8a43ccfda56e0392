using System.Runtime.InteropServices;

namespace PSFdPass.Tests;

/// <summary>The descriptors that are recognized as owned by the runtime.</summary>
public sealed class RuntimeDescriptorsTests
{
    [LinuxTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_duplicate_of_a_standard_stream_is_runtime_owned_whatever_its_kind(int standard)
    {
        using FileDescriptor duplicate = FileDescriptor.Duplicate(standard);
        Assert.True(IsRuntimeOwned(duplicate.Fd));
    }

    [KernelFact(6, 10)]
    public void The_same_device_opened_again_is_not_runtime_owned()
    {
        bool before = true;
        bool duplicate = false;
        bool own = true;
        AsStandardInput("/dev/null", FileAccess.Read, () =>
        {
            using FileDescriptor same = FileDescriptor.Open("/dev/null", FileAccess.Read);
            using FileDescriptor copy = FileDescriptor.Duplicate(0);
            using FileDescriptor other = FileDescriptor.Open("/dev/zero", FileAccess.Read);
            (before, duplicate, own) = (
                IsRuntimeOwned(other.Fd), IsRuntimeOwned(copy.Fd), IsRuntimeOwned(same.Fd));
        });
        Assert.False(before);
        Assert.True(duplicate);
        Assert.False(own);
    }

    [LinuxFact]
    public void The_same_device_opened_with_other_access_is_not_runtime_owned_on_any_kernel()
    {
        bool own = true;
        AsStandardInput("/dev/null", FileAccess.Read, () =>
        {
            using FileDescriptor writing = FileDescriptor.Open("/dev/null", FileAccess.ReadWrite);
            own = IsRuntimeOwned(writing.Fd);
        });
        Assert.False(own);
    }

    [LinuxFact]
    public void The_runtimes_pipe_for_signals_and_a_users_pipe_are_distinguished()
    {
        // The runtime creates its pipe and its thread with the first handler.
        using PosixSignalRegistration registration = PosixSignalRegistration.Create(PosixSignal.SIGCONT, static _ => { });
        (FileDescriptor reader, FileDescriptor writer) = Some.Pipe();
        using (reader)
        using (writer)
        {
            DescriptorInfo[] pipes = [.. new DescriptorInspector().List(Environment.ProcessId, DescriptorKind.Pipe)];
            Assert.All(pipes.Where(pipe => pipe.Fd == reader.Fd || pipe.Fd == writer.Fd), pipe => Assert.False(pipe.IsRuntimeOwned));
            Patience.Until(
                () => new DescriptorInspector().List(Environment.ProcessId, DescriptorKind.Pipe)
                    .Where(pipe => pipe.IsRuntimeOwned).GroupBy(pipe => pipe.Inode).Any(ends => ends.Count() == 2),
                "the pipe for signals is recognized, with both ends");
        }
    }

    [LinuxFact]
    public void A_descriptor_that_is_not_close_on_exec_is_never_runtime_owned()
    {
        using FileDescriptor assembly = FileDescriptor.Open(typeof(FileDescriptor).Assembly.Location);
        Assert.True(IsRuntimeOwned(assembly.Fd));
        _ = PSFdPass.Interop.Fcntl.Control(assembly.Fd, PSFdPass.Interop.Constants.F_SETFD, 0);
        Assert.False(IsRuntimeOwned(assembly.Fd));
    }

    [LinuxFact]
    public void A_file_that_a_user_has_mapped_is_not_runtime_owned()
    {
        using var folder = new TemporaryDirectory();
        string path = folder.Write("text", "0123456789");
        using var mapped = System.IO.MemoryMappedFiles.MemoryMappedFile.CreateFromFile(
            path, FileMode.Open, null, 0, System.IO.MemoryMappedFiles.MemoryMappedFileAccess.Read);
        using var view = mapped.CreateViewAccessor(0, 0, System.IO.MemoryMappedFiles.MemoryMappedFileAccess.Read);
        DescriptorInfo info = Assert.Single(
            new DescriptorInspector().List(Environment.ProcessId, DescriptorKind.File), file => file.Path == path);
        Assert.False(info.IsRuntimeOwned);
    }

    private static bool IsRuntimeOwned(int fd) => new DescriptorInspector().Describe(Environment.ProcessId, fd).IsRuntimeOwned;

    // Replaces the standard input during an action. Nothing else reads the standard input of a test.
    private static void AsStandardInput(string path, FileAccess access, Action action)
    {
        using FileDescriptor before = FileDescriptor.Duplicate(0);
        using (FileDescriptor file = FileDescriptor.Open(path, access))
        {
            FileDescriptor.DuplicateTo(file.Fd, 0, replace: true).Detach();
        }

        try
        {
            action();
        }
        finally
        {
            FileDescriptor.DuplicateTo(before.Fd, 0, replace: true).Detach();
        }
    }
}
