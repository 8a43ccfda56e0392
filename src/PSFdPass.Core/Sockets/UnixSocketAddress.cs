using System.Text;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>The address of a Unix-domain socket: a path or, on Linux, an abstract name (unix(7)).</summary>
/// <remarks>Immutable, and therefore thread-safe.</remarks>
public sealed class UnixSocketAddress
{
    private UnixSocketAddress(string name, bool isAbstract)
    {
        Name = name;
        IsAbstract = isAbstract;
    }

    /// <summary>Gets the path, or the abstract name without the NUL in front of it.</summary>
    public string Name { get; }

    /// <summary>
    /// Gets a value indicating whether this is an abstract name. An abstract name has no file, and can be used again after the last
    /// socket that is bound to it has been closed.
    /// </summary>
    public bool IsAbstract { get; }

    /// <summary>Creates the address of a socket that has a path.</summary>
    /// <param name="path">
    /// The path. A relative path is relative to the process's current directory. The path can be up to 107 bytes long on Linux and
    /// 103 on macOS; connect(2) and bind(2) fail with ENAMETOOLONG for a longer path.
    /// </param>
    /// <exception cref="ArgumentException">Thrown when the path is empty or contains a null character.</exception>
    public static UnixSocketAddress FromPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Length != 0 && !path.Contains('\0')
            ? new UnixSocketAddress(path, isAbstract: false)
            : throw new ArgumentException(SR.SocketPathInvalid, nameof(path));
    }

    /// <summary>Creates the address of a socket that has an abstract name. On Linux only.</summary>
    /// <param name="name">
    /// The name without the NUL (or the @ that represents it) in front. It can be up to 107 bytes long; connect(2) and bind(2) fail
    /// with ENAMETOOLONG for a longer name.
    /// </param>
    /// <exception cref="ArgumentException">Thrown when the name is empty.</exception>
    /// <exception cref="PlatformNotSupportedException">Thrown when the system does not support abstract names.</exception>
    public static UnixSocketAddress FromAbstractName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0)
        {
            throw new ArgumentException(SR.AbstractNameEmpty, nameof(name));
        }

        return Constants.Current.HasAbstractNames
            ? new UnixSocketAddress(name, isAbstract: true)
            : throw new PlatformNotSupportedException(SR.AbstractNamesNotSupported);
    }

    /// <summary>Returns the path, or <c>@name</c> for an abstract name.</summary>
    public override string ToString() => IsAbstract ? "@" + Name : Name;

    /// <summary>Writes <c>struct sockaddr_un</c> and returns its length.</summary>
    /// <param name="buffer">The buffer for the address: at least <see cref="SysUn.MaxSize"/> bytes.</param>
    /// <param name="call">The system call that the address is for.</param>
    /// <exception cref="SystemCallException">Thrown when the name is too long for an address (ENAMETOOLONG).</exception>
    internal uint Write(Span<byte> buffer, string call) => Fits(Name)
        ? (uint)SysUn.Write(buffer, Name, IsAbstract, Constants.Current)
        : throw new SystemCallException(call, Errno.ENAMETOOLONG, ToString());

    /// <summary>
    /// Returns this address with an absolute path. Only the text is changed; the kernel resolves links and <c>..</c> later. Returns
    /// this address itself if it is abstract, or if the absolute path would be too long for an address.
    /// </summary>
    internal UnixSocketAddress ToAbsolute() =>
        AbsolutePath is { } path && Fits(path) ? new UnixSocketAddress(path, isAbstract: false) : this;

    /// <summary>Gets the absolute path of the socket file; null for an abstract name.</summary>
    internal string? AbsolutePath =>
        IsAbstract ? null : Path.IsPathRooted(Name) ? Name : Path.Join(Environment.CurrentDirectory, Name);

    // One byte is reserved for the NUL, at the end of a path or in front of an abstract name.
    private static bool Fits(string name) => Encoding.UTF8.GetByteCount(name) < Constants.Current.SunPathSize;
}
