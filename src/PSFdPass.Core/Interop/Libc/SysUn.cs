using System.Text;

namespace PSFdPass.Interop;

/// <summary><c>&lt;sys/un.h&gt;</c>: writes a <c>struct sockaddr_un</c> in the layout of any supported system.</summary>
internal static class SysUn
{
    /// <summary>The largest size of the structure on any system.</summary>
    public const int MaxSize = 2 + 108;

    /// <summary>Writes the address of a path or an abstract name, and returns its length (socklen_t).</summary>
    /// <param name="buffer">The buffer for the address: at least <see cref="MaxSize"/> bytes.</param>
    /// <param name="name">The path, or the abstract name without its NUL.</param>
    /// <param name="isAbstract">True for an abstract name. A NUL is written before it.</param>
    /// <param name="system">The constants of the system whose structure is written.</param>
    public static int Write(Span<byte> buffer, string name, bool isAbstract, Constants system)
    {
        buffer.Clear();
        int length = 2 + Encoding.UTF8.GetBytes(name, buffer[(isAbstract ? 3 : 2)..]) + 1;
        if (system.SockaddrHasLength)
        {
            buffer[0] = (byte)length;
            buffer[1] = Constants.AF_UNIX;
        }
        else
        {
            buffer[0] = Constants.AF_UNIX;
        }

        return length;
    }
}
