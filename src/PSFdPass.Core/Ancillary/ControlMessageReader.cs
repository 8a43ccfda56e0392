using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace PSFdPass.Ancillary;

/// <summary>
/// Reads the control messages in a buffer one after another, in the layout of a given system, with <c>foreach</c>. It makes no
/// system calls and does not trust lengths. A length that exceeds the rest of the buffer is reduced, because macOS leaves the
/// original cmsg_len in a message that it has truncated.
/// </summary>
internal ref struct ControlMessageReader
{
    private readonly ref readonly ControlMessageLayout _layout;
    private ReadOnlySpan<byte> _rest;

    /// <summary>Initializes a reader for the msg_controllen bytes that recvmsg(2) wrote.</summary>
    public ControlMessageReader(ReadOnlySpan<byte> control, ref readonly ControlMessageLayout layout)
    {
        _rest = control;
        _layout = ref layout;
        Current = default;
    }

    /// <summary>Gets the message that <see cref="MoveNext"/> has advanced to.</summary>
    public ControlMessage Current { get; private set; }

    /// <summary>Reads the descriptors if the buffer contains one complete SCM_RIGHTS message and nothing else.</summary>
    public static bool TryReadOnlyRights(ReadOnlySpan<byte> control, ref readonly ControlMessageLayout layout, out ReadOnlySpan<int> descriptors)
    {
        if (control.Length > layout.DataOffset)
        {
            // The lower four bytes are enough, because the kernel never writes a length of 4 GiB or more.
            int length = BinaryPrimitives.ReadInt32LittleEndian(control);
            if (length >= layout.DataOffset && length <= control.Length && layout.Align(length) >= control.Length &&
                BinaryPrimitives.ReadInt32LittleEndian(control[layout.LevelOffset..]) == layout.SolSocket &&
                BinaryPrimitives.ReadInt32LittleEndian(control[(layout.LevelOffset + 4)..]) == ControlMessageLayout.ScmRights)
            {
                descriptors = MemoryMarshal.Cast<byte, int>(control[layout.DataOffset..length]);
                return true;
            }
        }

        descriptors = default;
        return false;
    }

    /// <summary>Returns a copy of this reader, as <c>foreach</c> requires.</summary>
    public readonly ControlMessageReader GetEnumerator() => this;

    /// <summary>
    /// Advances to the next message. Returns false at the end, or if the rest does not start with a valid header.
    /// </summary>
    public bool MoveNext()
    {
        if (_rest.Length < _layout.DataOffset)
        {
            return false;
        }

        ulong stated = _layout.LengthSize == 8
            ? BinaryPrimitives.ReadUInt64LittleEndian(_rest)
            : BinaryPrimitives.ReadUInt32LittleEndian(_rest);
        if (stated < (ulong)_layout.DataOffset)
        {
            return false;
        }

        int length = (int)Math.Min(stated, (ulong)_rest.Length);
        Current = new ControlMessage(
            BinaryPrimitives.ReadInt32LittleEndian(_rest[_layout.LevelOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(_rest[(_layout.LevelOffset + 4)..]),
            _rest[_layout.DataOffset..length],
            in _layout);
        _rest = _rest[Math.Min(_layout.Align(length), _rest.Length)..];
        return true;
    }
}
