using System.Text;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>The address of a Unix-domain socket: a path, or on Linux an abstract name (unix(7)).</summary>
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
    /// Gets a value indicating whether this is an abstract name, which has no file and is free again when the last socket that is
    /// bound to it is closed.
    /// </summary>
    public bool IsAbstract { get; }

    /// <summary>Creates the address of a socket that is a file.</summary>
    /// <param name="path">
    /// The path; a relative one is relative to the process's current directory. It has at most 107 bytes on Linux and 103 on macOS;
    /// connect(2) and bind(2) fail with ENAMETOOLONG for a longer one.
    /// </param>
    /// <exception cref="ArgumentException">Thrown when the path is empty or contains a null character.</exception>
    public static UnixSocketAddress FromPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Length != 0 && !path.Contains('\0')
            ? new UnixSocketAddress(path, isAbstract: false)
            : throw new ArgumentException(SR.SocketPathInvalid, nameof(path));
    }

    /// <summary>Creates an abstract address, on Linux.</summary>
    /// <param name="name">
    /// The name without the NUL (or the @ that represents it) in front. It has at most 107 bytes; connect(2) and bind(2) fail with
    /// ENAMETOOLONG for a longer one.
    /// </param>
    /// <exception cref="ArgumentException">Thrown when the name is empty.</exception>
    /// <exception cref="PlatformNotSupportedException">Thrown when the system has no abstract names.</exception>
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
    /// <param name="buffer">At least <see cref="SysUn.MaxSize"/> bytes.</param>
    /// <param name="call">The system call that the address is for.</param>
    /// <exception cref="SystemCallException">Thrown when the name has more bytes than an address holds (ENAMETOOLONG).</exception>
    internal uint Write(Span<byte> buffer, string call) => Fits(Name)
        ? (uint)SysUn.Write(buffer, Name, IsAbstract, Constants.Current)
        : throw new SystemCallException(call, Errno.ENAMETOOLONG, ToString());

    /// <summary>
    /// Returns this address with an absolute path. Only the text is changed: links and <c>..</c> are resolved by the kernel. Returns
    /// this address itself when it is abstract, or when the absolute path would be too long for an address.
    /// </summary>
    internal UnixSocketAddress ToAbsolute() =>
        AbsolutePath is { } path && Fits(path) ? new UnixSocketAddress(path, isAbstract: false) : this;

    /// <summary>Gets the absolute path of the file; null for an abstract name.</summary>
    internal string? AbsolutePath =>
        IsAbstract ? null : Path.IsPathRooted(Name) ? Name : Path.Join(Environment.CurrentDirectory, Name);

    // One byte is for the NUL, at the end of a path or in front of an abstract name.
    private static bool Fits(string name) => Encoding.UTF8.GetByteCount(name) < Constants.Current.SunPathSize;
}
