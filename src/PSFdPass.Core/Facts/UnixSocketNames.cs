using System.Net;
using System.Net.Sockets;
using System.Text;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>The names of Unix-domain sockets (unix(7)) as text: a path, or <c>@name</c> for an abstract name.</summary>
internal static class UnixSocketNames
{
    /// <summary>
    /// Returns the text for the sun_path that a system call returned: empty, a path that may end with NULs, or a NUL and a name.
    /// </summary>
    public static string TextOf(ReadOnlySpan<byte> sunPath)
    {
        if (sunPath.IsEmpty)
        {
            return "";
        }

        if (sunPath[0] == 0)
        {
            return Constants.Current.HasAbstractNames && sunPath.Length > 1 ? "@" + Encoding.UTF8.GetString(sunPath[1..]) : "";
        }

        int end = sunPath.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? sunPath : sunPath[..end]);
    }

    /// <summary>Returns the end point for a path or <c>@name</c>; null for an empty text.</summary>
    /// <remarks>
    /// A name can be longer than .NET's type allows: a path without the NUL at its end, or bytes that are not UTF-8. Such a name is
    /// returned as an end point that can only be displayed.
    /// </remarks>
    public static EndPoint? EndPointOf(string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        bool isAbstract = text[0] == '@' && Constants.Current.HasAbstractNames;
        int size = Encoding.UTF8.GetByteCount(text) + (isAbstract ? 0 : 1);
        return size > Constants.Current.SunPathSize
            ? new NameEndPoint(text)
            : new UnixDomainSocketEndPoint(isAbstract ? '\0' + text[1..] : text);
    }

    /// <summary>The name of a Unix-domain socket, for display only.</summary>
    private sealed class NameEndPoint(string name) : EndPoint
    {
        /// <inheritdoc/>
        public override AddressFamily AddressFamily => AddressFamily.Unix;

        /// <inheritdoc/>
        public override string ToString() => name;
    }
}
