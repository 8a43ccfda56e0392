using System.Runtime.InteropServices;
using System.Text;

namespace PSFdPass.Processes;

/// <summary>
/// Strings in the form that posix_spawn(3) requires: an array of pointers to UTF-8 strings that ends with a null pointer.
/// </summary>
internal sealed unsafe class StringVector : IDisposable
{
    private void* _memory;

    /// <summary>Copies the strings to unmanaged memory.</summary>
    public StringVector(IReadOnlyCollection<string> strings)
    {
        int pointers = (strings.Count + 1) * sizeof(byte*);
        int total = pointers;
        foreach (string text in strings)
        {
            total = checked(total + Encoding.UTF8.GetByteCount(text) + 1);
        }

        _memory = NativeMemory.AllocZeroed((nuint)total);
        byte** pointer = (byte**)_memory;
        var room = new Span<byte>((byte*)_memory + pointers, total - pointers);
        byte* start = (byte*)_memory + pointers;
        foreach (string text in strings)
        {
            int length = Encoding.UTF8.GetBytes(text, room);
            *pointer++ = start;
            start += length + 1;
            room = room[(length + 1)..];
        }
    }

    /// <summary>Gets the address of the array, which is valid until <see cref="Dispose"/>.</summary>
    public byte** Pointer => (byte**)_memory;

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
    }
}
