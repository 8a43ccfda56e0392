using System.Runtime.InteropServices;

namespace PSFdPass.Tests;

/// <summary>Which descriptors are kept from being closed by their number.</summary>
public sealed class RuntimeDescriptorsTests
{
    [LinuxTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_duplicate_of_a_standard_stream_is_kept_whatever_that_is(int standard)
    {
        using FileDescriptor duplicate = FileDescriptor.Duplicate(standard);
        Assert.Contains("duplicate of a standard stream", RuntimeDescriptors.ReasonToKeep(duplicate.Fd));
    }

    [KernelFact(6, 10)]
    public void Another_open_of_the_same_device_is_the_users()
    {
        string? before = null;
        string? duplicate = null;
        string? own = null;
        AsStandardInput("/dev/null", FileAccess.Read, () =>
        {
            using FileDescriptor same = FileDescriptor.Open("/dev/null", FileAccess.Read);
            using FileDescriptor copy = FileDescriptor.Duplicate(0);
            using FileDescriptor other = FileDescriptor.Open("/dev/zero", FileAccess.Read);
            (before, duplicate, own) = (
                RuntimeDescriptors.ReasonToKeep(other.Fd), RuntimeDescriptors.ReasonToKeep(copy.Fd), RuntimeDescriptors.ReasonToKeep(same.Fd));
        });
        Assert.Null(before);
        Assert.Contains("duplicate of a standard stream", duplicate);
        Assert.Null(own);
    }

    [LinuxFact]
    public void The_same_device_opened_another_way_is_the_users_on_every_kernel()
    {
        string? own = "not asked";
        AsStandardInput("/dev/null", FileAccess.Read, () =>
        {
            using FileDescriptor writing = FileDescriptor.Open("/dev/null", FileAccess.ReadWrite);
            own = RuntimeDescriptors.ReasonToKeep(writing.Fd);
        });
        Assert.Null(own);
    }

    // Nobody else reads the standard input of a test.
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
