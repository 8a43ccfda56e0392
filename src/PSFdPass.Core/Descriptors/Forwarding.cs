global using DescriptorInspection = PSFdPass.Facts.DescriptorFacts;
using PSFdPass.Descriptors;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass;

// The names of the first version, for callers outside of this folder. This file goes with the last of them.
internal static class FileOpener
{
    public static FileDescriptor Open(string path, FileOpenOptions options) => FileDescriptor.Open(path, options, Timeout.InfiniteTimeSpan);

    public static FileDescriptor Open(string path, FileOpenOptions options, TimeSpan timeout, CancellationToken cancellation) =>
        FileDescriptor.Open(path, options, timeout, cancellation);

    public static string? RealPathOf(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        using FileDescriptor place = FileDescriptor.Open(path, new FileOpenOptions { PathOnly = true }, Timeout.InfiniteTimeSpan);
        return place.Target;
    }
}

internal static class DescriptorCopy
{
    public static FileDescriptor Of(int fd) => FileDescriptor.Duplicate(fd);

    public static FileDescriptor To(int fd, int target, bool replace = false) => FileDescriptor.DuplicateTo(fd, target, replace);

    public static FileDescriptor From(int processId, int fd) => FileDescriptor.DuplicateFromProcess(processId, fd);
}

internal static class MemoryFile
{
    public static FileDescriptor Create(string name, ReadOnlySpan<byte> content = default, MemoryFileSeals seals = default) =>
        FileDescriptor.CreateMemoryFile(name, content, seals);

    public static MemoryFileSeals? SealsOf(FileDescriptor file) => file.Seals;

    public static MemoryFileSeals? SealsOf(int fd) => MemoryFiles.SealsOf(fd);

    public static MemoryFileSeals? SealsOf(string link) => MemoryFiles.SealsOf(link);
}
