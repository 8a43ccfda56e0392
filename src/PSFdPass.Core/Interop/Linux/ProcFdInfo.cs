using System.Globalization;

namespace PSFdPass.Interop;

/// <summary>The fields of <c>/proc/…/fdinfo/…</c> that every descriptor has (proc_pid_fdinfo(5)).</summary>
/// <param name="Position">The file offset, in bytes.</param>
/// <param name="Flags">The flags of open(2), with O_CLOEXEC if the descriptor is close-on-exec.</param>
internal readonly record struct ProcFdInfo(long Position, int Flags)
{
    /// <summary>
    /// Reads these fields from the text of the file. Fields that only some kinds of descriptors or later kernels have are ignored.
    /// </summary>
    public static ProcFdInfo Parse(ReadOnlySpan<char> text)
    {
        long position = 0;
        int flags = 0;
        foreach (ReadOnlySpan<char> line in text.EnumerateLines())
        {
            if (line.StartsWith("pos:", StringComparison.Ordinal))
            {
                _ = long.TryParse(line[4..].Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out position);
            }
            else if (line.StartsWith("flags:", StringComparison.Ordinal))
            {
                flags = FromOctal(line[6..].Trim());
            }
        }

        return new ProcFdInfo(position, flags);
    }

    private static int FromOctal(ReadOnlySpan<char> digits)
    {
        int value = 0;
        foreach (char digit in digits)
        {
            value = digit is >= '0' and <= '7' ? (value << 3) | (digit - '0') : value;
        }

        return value;
    }
}
