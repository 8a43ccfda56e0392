using System.Net.Sockets;
using System.Text;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>Where a Unix-domain socket is: a path, or on Linux an abstract name (unix(7)).</summary>
public sealed class UnixSocketAddress
{
    private UnixSocketAddress(string name, bool isAbstract)
    {
        Name = name;
        IsAbstract = isAbstract;
    }

    /// <summary>The path, or the abstract name without the NUL before it.</summary>
    public string Name { get; }

    /// <summary>Whether it is an abstract name: one without a file, gone when the last socket bound to it is closed.</summary>
    public bool IsAbstract { get; }

    /// <summary>A socket that is a file.</summary>
    /// <param name="path">The path; a relative one is relative to the process's current directory.</param>
    /// <exception cref="ArgumentException">The path is empty or has a NUL.</exception>
    /// <exception cref="SystemCallException">ENAMETOOLONG: it has more bytes than an address holds, 107 on Linux, 103 on macOS.</exception>
    public static UnixSocketAddress FromPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length == 0 || path.Contains('\0'))
        {
            throw new ArgumentException("The path of a socket has at least one character, and no NUL.");
        }

        ThrowIfTooLong(path, Encoding.UTF8.GetByteCount(path) + 1);
        return new UnixSocketAddress(path, isAbstract: false);
    }

    /// <summary>An abstract name, on Linux.</summary>
    /// <param name="name">The name without the NUL (or the @ that stands for it) in front.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    /// <exception cref="PlatformNotSupportedException">The system has no abstract names.</exception>
    /// <exception cref="SystemCallException">ENAMETOOLONG: it has more than 107 bytes.</exception>
    public static UnixSocketAddress FromAbstractName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0)
        {
            throw new ArgumentException("An abstract name has at least one character: the @ in front stands for the NUL, and is not part of it.");
        }

        if (!Constants.Current.HasAbstractNames)
        {
            throw new PlatformNotSupportedException("Only Linux has abstract socket names: use a path.");
        }

        ThrowIfTooLong("@" + name, Encoding.UTF8.GetByteCount(name) + 1);
        return new UnixSocketAddress(name, isAbstract: true);
    }

    /// <summary>The path, or <c>@name</c> for an abstract one.</summary>
    public override string ToString() => IsAbstract ? "@" + Name : Name;

    internal UnixDomainSocketEndPoint ToEndPoint() => new(IsAbstract ? "\0" + Name : Name);

    private static void ThrowIfTooLong(string subject, int bytes)
    {
        if (bytes > Constants.Current.SunPathSize)
        {
            throw new SystemCallException("bind", Errno.ENAMETOOLONG, subject);
        }
    }
}
