using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary>Calls getpwuid_r(3) and similar functions with a buffer that grows until the entry fits.</summary>
internal static unsafe class NameLookup
{
    // Large enough for struct passwd and struct group on any system.
    private const int EntrySize = 256;
    private const int FirstSize = 1024;
    private const int LargestSize = 1 << 20;

    /// <summary>
    /// A function such as getpwuid_r(3). It fills in the entry, and sets the result to the entry's address, or to null if nothing
    /// was found.
    /// </summary>
    public delegate int Call(byte* entry, byte* buffer, nuint size, byte** result);

    /// <summary>Reads a value from an entry that was found.</summary>
    public delegate T Reader<out T>(byte* entry);

    /// <summary>Looks up an entry. Returns the default value if there is no such entry or the lookup fails.</summary>
    public static T? Find<T>(Call call, Reader<T> read)
    {
        byte* entry = stackalloc byte[EntrySize];
        for (int size = FirstSize; size <= LargestSize; size *= 4)
        {
            byte* buffer = (byte*)NativeMemory.Alloc((nuint)size);
            try
            {
                byte* result = null;
                int error;
                do
                {
                    error = call(entry, buffer, (nuint)size, &result);
                }
                while (error == Errno.EINTR);

                if (error != Errno.ERANGE)
                {
                    return error == 0 && result is not null ? read(result) : default;
                }
            }
            finally
            {
                NativeMemory.Free(buffer);
            }
        }

        return default;
    }
}
