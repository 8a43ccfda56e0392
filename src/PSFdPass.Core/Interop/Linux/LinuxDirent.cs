using System.Buffers.Binary;
using System.Buffers.Text;

namespace PSFdPass.Interop;

/// <summary>
/// Reads the directories in <c>/proc</c> whose entries are numbers (<c>struct linux_dirent64</c>, getdents64(2)). On Linux only.
/// </summary>
/// <remarks>
/// .NET would follow every link that it lists. That takes longer, and can hang when a file server does not answer.
/// </remarks>
internal static unsafe class LinuxDirent
{
    // The fields are d_ino and d_off (8 bytes each), d_reclen (2 bytes), d_type (1 byte) and d_name.
    private const int LengthOffset = 16;
    private const int NameOffset = 19;

    private const int BufferSize = 32 * 1024;

    // Called by number, because glibc has a wrapper only since 2.30.
    private static readonly nint SYS_getdents64 = Platform.Current == PlatformId.LinuxArm64 ? 61 : 217;

    /// <summary>
    /// Reads the entries that are numbers, in directory order. Returns false on failure, with the error in
    /// <see cref="Errno.Last"/>.
    /// </summary>
    /// <param name="directory">The descriptor number of the open directory.</param>
    /// <param name="numbers">The list to which the numbers are added.</param>
    public static bool TryReadNumbers(int directory, List<int> numbers)
    {
        // Not on the stack: the JIT compiles a method that contains both a loop and a stackalloc with full optimization at the
        // first call, which takes longer.
        byte[] buffer = new byte[BufferSize];
        fixed (byte* room = buffer)
        {
            nint length;
            while ((length = Unistd.SysCall(SYS_getdents64, directory, (nint)room, buffer.Length, 0, 0)) > 0)
            {
                Read(buffer.AsSpan(0, (int)length), numbers);
            }

            return length == 0;
        }
    }

    /// <summary>Adds the entries that are numbers from the result of one getdents64(2) call.</summary>
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
