using System.Net;
using System.Net.Sockets;
using System.Text;
using PSFdPass.Interop;

namespace PSFdPass.Facts;

/// <summary>Converts the names of Unix-domain sockets (unix(7)) to text: a path, or <c>@name</c> for an abstract name.</summary>
internal static class UnixSocketNames
{
    /// <summary>
    /// Returns the text for the sun_path that a system call returned. It is empty, a path that NULs may follow, or a NUL and an
    /// abstract name.
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
    /// A name can be longer than .NET's type allows if it is a path without a NUL at its end, or contains bytes that are not UTF-8.
    /// In that case, an end point is returned that can only be displayed.
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
