using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary>
/// <c>struct linux_dirent64</c>: the directories of <c>/proc</c> that have numbers for names. On Linux only.
/// </summary>
/// <remarks>.NET looks at the target of every link that it lists, which takes longer, and waits for a server that is gone.</remarks>
internal static unsafe class LinuxDirent
{
    // d_ino and d_off, 8 bytes each, d_reclen, d_type, d_name.
    private const int LengthOffset = 16;
    private const int NameOffset = 19;

    private const int BufferSize = 16 * 1024;

    // No libc has had a wrapper for it until glibc 2.30.
    private static readonly nint SYS_getdents64 = Platform.Current == PlatformId.LinuxArm64 ? 61 : 217;

    /// <summary>The numbers, in order. Null leaves the error in <see cref="Errno.Last"/>.</summary>
    public static int[]? NumbersIn(string directory)
    {
        int fd = Fcntl.Open(directory, Constants.O_RDONLY | Constants.Current.O_DIRECTORY | Constants.Current.O_CLOEXEC);
        if (fd < 0)
        {
            return null;
        }

        var numbers = new List<int>();
        int errno = Read(fd, new byte[BufferSize], numbers);
        _ = Unistd.Close(fd);
        if (errno != 0)
        {
            Marshal.SetLastPInvokeError(errno);
            return null;
        }

        // The one that read the list is in it.
        if (directory == $"/proc/{Environment.ProcessId}/fd")
        {
            numbers.Remove(fd);
        }

        numbers.Sort();
        return [.. numbers];
    }

    // 0, or the error. Not on the stack: with a loop and a stackalloc, the JIT would optimise the method at once, at every import.
    private static int Read(int directory, byte[] buffer, List<int> numbers)
    {
        fixed (byte* room = buffer)
        {
            nint length;
            while ((length = Unistd.SysCall(SYS_getdents64, directory, (nint)room, buffer.Length, 0, 0)) > 0)
            {
                Read(buffer.AsSpan(0, (int)length), numbers);
            }

            return length < 0 ? Errno.Last : 0;
        }
    }

    /// <summary>Reads the entries that one call has brought, and takes those that are numbers.</summary>
    public static void Read(ReadOnlySpan<byte> entries, List<int> numbers)
    {
        while (entries.Length > NameOffset)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(entries[LengthOffset..]);
            if (length <= NameOffset || length > entries.Length)
            {
                return;
            }

            ReadOnlySpan<byte> name = entries[NameOffset..length];
            int end = name.IndexOf((byte)0);
            name = end < 0 ? name : name[..end];
            if (Utf8Parser.TryParse(name, out int number, out int consumed) && consumed == name.Length && number >= 0)
            {
                numbers.Add(number);
            }

            entries = entries[length..];
        }
    }
}
