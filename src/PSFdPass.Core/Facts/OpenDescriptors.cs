using System.Globalization;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>Lists the open descriptors of this process.</summary>
internal static class OpenDescriptors
{
    /// <summary>Returns the numbers of the open descriptors, in ascending order.</summary>
    public static int[] Numbers()
    {
        if (OperatingSystem.IsLinux())
        {
            return ProcDirectory.DescriptorsOf(Environment.ProcessId);
        }

        // On macOS, /dev/fd lists this process's own descriptors.
        int[] numbers =
        [
            .. Directory.EnumerateFileSystemEntries("/dev/fd")
                .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int fd) ? fd : -1)
                .Where(fd => fd >= 0 && Fcntl.Control(fd, Constants.F_GETFD) >= 0),
        ];
        Array.Sort(numbers);
        return numbers;
    }
}
