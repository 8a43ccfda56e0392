using System.Collections.Concurrent;
using System.Globalization;
using PSFdPass.Interop;

namespace PSFdPass.Handles;

/// <summary>
/// The numbers of this process's descriptors: which are open, and how to close one by its number alone without leaving a
/// <see cref="SafeDescriptorHandle"/> in the belief that it still owns it.
/// </summary>
/// <remarks>
/// A handle that goes on believing would, when it is disposed or finalized, close whatever has the number by then. A register of
/// all handles would prevent that and cost every one of them; this costs one comparison. Each closing by number begins a new
/// age, and each handle knows the age that it was born in: one that is older than the last closing of its number has lost it.
/// Objects of .NET (a Socket, a FileStream) know nothing of this: close those themselves, not their numbers.
/// </remarks>
internal static class DescriptorNumbers
{
    private static readonly ConcurrentDictionary<int, int> LastTaken = new();
    private static readonly object Guard = new();
    private static int s_age;

    /// <summary>How many numbers have been taken from their handles.</summary>
    public static int Age => Volatile.Read(ref s_age);

    /// <summary>Whether a number was taken from a handle that was born at some age.</summary>
    public static bool IsLost(int fd, int born) =>
        born != Age && LastTaken.TryGetValue(fd, out int taken) && taken > born;

    /// <summary>
    /// Takes a number from whatever handle owns it. Whoever does this closes it next, or puts another file in its place: only
    /// after that can the number be given to a new handle, which is born in the new age.
    /// </summary>
    public static void Take(int fd)
    {
        lock (Guard)
        {
            LastTaken[fd] = s_age + 1;
            Volatile.Write(ref s_age, s_age + 1);
        }
    }

    /// <summary>Closes a descriptor by its number: close(2).</summary>
    /// <exception cref="SystemCallException">EBADF: it is not open.</exception>
    public static void Close(int fd)
    {
        Take(fd);
        if (Unistd.Close(fd) != 0 && Errno.Last == Errno.EBADF)
        {
            throw SystemCallException.FromLast("close", $"descriptor {fd}");
        }
    }

    /// <summary>The error for a number that no descriptor has.</summary>
    public static ArgumentOutOfRangeException NoSuchNumber(long number) =>
        new(null, $"{number} is no file descriptor: they are counted from 0.");

    /// <summary>The open numbers of this process, in order.</summary>
    public static int[] Open()
    {
        if (OperatingSystem.IsLinux())
        {
            return ProcFs.DescriptorsOf(Environment.ProcessId);
        }

        // /dev/fd lists this process's own, on macOS all of them; where fdescfs is not mounted, as on FreeBSD, the first three.
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
