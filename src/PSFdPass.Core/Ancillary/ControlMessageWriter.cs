using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace PSFdPass.Ancillary;

/// <summary>
/// Writes control messages one after another into a buffer, in the layout of a given system. It makes no system calls.
/// </summary>
internal ref struct ControlMessageWriter
{
    private readonly Span<byte> _buffer;
    private readonly ref readonly ControlMessageLayout _layout;

    /// <summary>
    /// Initializes a writer for a buffer, in which each message takes up <see cref="ControlMessageLayout.Space"/> bytes.
    /// </summary>
    public ControlMessageWriter(Span<byte> buffer, ref readonly ControlMessageLayout layout)
    {
        _buffer = buffer;
        _layout = ref layout;
    }

    /// <summary>Gets the number of bytes written so far, which is the msg_controllen to pass to sendmsg(2).</summary>
    public int Written { get; private set; }

    /// <summary>Appends an SCM_RIGHTS message with these descriptor numbers.</summary>
    public void WriteRights(scoped ReadOnlySpan<int> descriptors) =>
        Write(_layout.SolSocket, ControlMessageLayout.ScmRights, MemoryMarshal.AsBytes(descriptors));

    /// <summary>Appends one control message, padded with zeros.</summary>
    /// <exception cref="ArgumentException">Thrown when the message does not fit in the buffer.</exception>
    public void Write(int level, int type, scoped ReadOnlySpan<byte> data)
    {
        int space = _layout.Space(data.Length);
        if (space > _buffer.Length - Written)
        {
            throw new ArgumentException(SR.Format(SR.ControlMessageTooLong, space, _buffer.Length - Written));
        }

        Span<byte> message = _buffer.Slice(Written, space);
        message[.._layout.DataOffset].Clear();
        message[(_layout.DataOffset + data.Length)..].Clear();

        // The length is under 4 GiB, so its lower four bytes are enough for both widths of the field.
        BinaryPrimitives.WriteInt32LittleEndian(message, _layout.Length(data.Length));
        BinaryPrimitives.WriteInt32LittleEndian(message[_layout.LevelOffset..], level);
        BinaryPrimitives.WriteInt32LittleEndian(message[(_layout.LevelOffset + 4)..], type);
        data.CopyTo(message[_layout.DataOffset..]);
        Written += space;
    }
}
