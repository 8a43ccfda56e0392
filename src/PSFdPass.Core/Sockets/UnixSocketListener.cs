using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Sockets;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>
/// A Unix-domain socket that is bound to an address (bind(2)) and listens for connections (listen(2)). A datagram socket does not
/// listen; other sockets send to its address.
/// </summary>
/// <remarks>
/// <para>
/// Disposing the listener removes its path if the path still refers to this socket. The path remains if the descriptor has been
/// closed with <see cref="FileDescriptor.CloseHandle"/>, because another process may have received it.
/// </para>
/// <para>
/// O_NONBLOCK is set on the descriptor, so that several threads and processes can accept with a timeout. The synchronous methods of
/// <see cref="Socket"/> still wait. The thread safety is the same as that of <see cref="Socket"/>.
/// </para>
/// <para>
/// If another thread may dispose the listener during the wait for a connection, accept connections with
/// <see cref="UnixSocket.Accept(Socket, TimeSpan, CancellationToken)"/>. In .NET 10, <see cref="Socket.Accept"/> closes descriptor
/// 0, the standard input, in that case.
/// </para>
/// </remarks>
public sealed class UnixSocketListener : Socket
{
    /// <summary>The default permissions of a socket file: only its owner can connect.</summary>
    public const UnixFileMode DefaultMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);

    private readonly SocketFile? _file;

    private UnixSocketListener(SafeSocketHandle handle, UnixSocketAddress address, SocketFile? file)
        : base(handle)
    {
        Address = address;
        _file = file;

        // The descriptor has O_NONBLOCK, but the constructor of Socket does not check that. Without these two assignments, Accept
        // would throw an exception instead of waiting.
        Blocking = false;
        Blocking = true;
    }

    /// <summary>Gets the address of the socket. A relative path has been made absolute.</summary>
    public UnixSocketAddress Address { get; }

    /// <summary>Binds a socket and, except for a datagram socket, listens on it. The permissions are in effect before anyone can connect.</summary>
    /// <param name="address">The address to bind the socket to.</param>
    /// <param name="type">Stream, Seqpacket or Dgram.</param>
    /// <param name="backlog">The maximum number of connections that wait to be accepted. The system limits it (net.core.somaxconn).</param>
    /// <param name="mode">
    /// The permissions of the socket's file, regardless of the umask. An abstract name does not have permissions.
    /// </param>
    /// <param name="replaceStale">
    /// True to replace a socket file whose socket no process has open. If several processes do this at the same time, exactly one
    /// succeeds. The method locks the directory (flock(2)), and waits up to five seconds for the lock.
    /// </param>
    /// <param name="cancellationToken">Cancels the wait for the lock.</param>
    /// <exception cref="SystemCallException">
    /// Thrown when the address can't be used: EADDRINUSE (the address is in use, or the file is not a socket that can be replaced),
    /// ENAMETOOLONG, ENOENT, EACCES and so on.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the type is not Stream, Seqpacket or Dgram.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the token was canceled.</exception>
    public static UnixSocketListener Create(
        UnixSocketAddress address,
        SocketType type = SocketType.Stream,
        int backlog = 128,
        UnixFileMode mode = DefaultMode,
        bool replaceStale = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        address = address.ToAbsolute();
        using SafeDescriptorHandle socket = NewSocket.Create(type, nonBlocking: true);
        int fd = (int)socket.DangerousGetHandle();
        if (!address.IsAbstract && OperatingSystem.IsLinux())
        {
            // bind(2) creates the file with the permissions of the socket, minus those in the umask.
            _ = SysStat.FChMod(fd, (uint)mode);
        }

        Bind(fd, address, type, replaceStale, cancellationToken);
        SocketFile? file = address.AbsolutePath is { } path ? SocketFile.Find(path) : null;
        try
        {
            if (file is not null && file.Mode != mode)
            {
                file.SetMode(mode, SysStat.TryGetStatus(fd, out SysStat.FileStatus status) ? status.Inode : 0);
            }

            // Connections are refused until the socket listens. By the time it begins to listen, the permissions have been set.
            if (type != SocketType.Dgram && SysSocket.Listen(fd, backlog) < 0)
            {
                throw SystemCallException.FromLast("listen", address.ToString());
            }

            return new UnixSocketListener(new SafeSocketHandle(socket.Detach(), ownsHandle: true), address, file);
        }
        catch
        {
            file?.Remove();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // While the socket is bound, no other process replaces its path as stale. A closed handle means that the descriptor has
        // been handed over.
        if (!SafeHandle.IsClosed)
        {
            _file?.Remove();
        }

        base.Dispose(disposing);
    }

    private static void Bind(int fd, UnixSocketAddress address, SocketType type, bool replaceStale, CancellationToken cancellationToken)
    {
        int errno = Bind(fd, address);
        if (errno == 0)
        {
            return;
        }

        if (errno == Errno.EADDRINUSE && address.AbsolutePath is { } path &&
            SysStat.TryGetStatusOfLink(path, out SysStat.FileStatus status) && status.Type != SysStat.S_IFSOCK)
        {
            throw new SystemCallException("bind", errno, address.ToString(), SR.FileNotSocket);
        }

        if (errno != Errno.EADDRINUSE || !replaceStale || address.IsAbstract)
        {
            throw new SystemCallException("bind", errno, address.ToString());
        }

        var replacement = new StaleSocketReplacement(address, type, () => Bind(fd, address));
        try
        {
            _ = WaitLoop.Run<StaleSocketReplacement, bool>(ref replacement, null, Deadline.After(LockTimeout), cancellationToken);
        }
        finally
        {
            replacement.Dispose();
        }
    }

    // Calls bind(2) directly, because Socket.Bind loses the error number, and because Socket.Dispose would remove the path even if
    // it now belongs to another socket.
    private static unsafe int Bind(int fd, UnixSocketAddress address)
    {
        byte* name = stackalloc byte[SysUn.MaxSize];
        uint length = address.Write(new Span<byte>(name, SysUn.MaxSize), "bind");
        return SysSocket.Bind(fd, name, length) == 0 ? 0 : Errno.Last;
    }
}
