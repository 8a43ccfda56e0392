using System.Text;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>Small files of <c>/proc</c> that are read for each of many descriptors, with three system calls. On Linux only.</summary>
internal static unsafe class ProcFile
{
    // The position and the flags are the first lines, whatever follows.
    private const int Size = 512;

    /// <summary>Reads the position and the flags of a descriptor; false when it is not open.</summary>
    public static bool TryReadFdInfo(int process, int fd, out ProcFdInfo information)
    {
        information = default;
        int file = Fcntl.Open($"/proc/{process}/fdinfo/{fd}", Constants.O_RDONLY | Constants.Current.O_CLOEXEC);
        if (file < 0)
        {
            return false;
        }

        byte* bytes = stackalloc byte[Size];
        nint length = Unistd.Read(file, bytes, Size);
        _ = Closing.Close(file);
        if (length <= 0)
        {
            return false;
        }

        char* text = stackalloc char[Size];
        int count = Encoding.Latin1.GetChars(new ReadOnlySpan<byte>(bytes, (int)length), new Span<char>(text, Size));
        information = ProcFdInfo.Parse(new ReadOnlySpan<char>(text, count));
        return true;
    }
}
