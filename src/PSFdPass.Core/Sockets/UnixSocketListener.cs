using System.Net.Sockets;
using PSFdPass.Handles;
using PSFdPass.Inspection;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>Makes Unix-domain sockets that others can find: bind(2), chmod(2) and listen(2).</summary>
public static class UnixSocketListener
{
    /// <summary>The mode of a new socket file: only its owner may connect.</summary>
    public const UnixFileMode DefaultMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Binds a socket and, unless it is a datagram socket, listens on it. The mode is in force before anyone can connect.
    /// Disposing the socket removes its file.
    /// </summary>
    /// <param name="address">Where it will be.</param>
    /// <param name="type">Stream, Seqpacket or Dgram.</param>
    /// <param name="backlog">How many connections may wait to be accepted; the system caps it (net.core.somaxconn).</param>
    /// <param name="mode">The permissions of the socket's file; an abstract name has none.</param>
    /// <param name="replaceStale">True to remove a socket file on which nobody answers.</param>
    /// <returns>The socket, which is the caller's to dispose.</returns>
    /// <exception cref="SystemCallException">
    /// EADDRINUSE: something is there; the message says what. ENAMETOOLONG, ENOENT, EACCES: the path can't be used.
    /// </exception>
    public static Socket Create(
        UnixSocketAddress address,
        SocketType type = SocketType.Stream,
        int backlog = 128,
        UnixFileMode mode = DefaultMode,
        bool replaceStale = false)
    {
        ArgumentNullException.ThrowIfNull(address);
        var socket = new Socket(AddressFamily.Unix, type, ProtocolType.Unspecified);
        try
        {
            Bind(socket, address, mode, replaceStale);
            if (type != SocketType.Dgram)
            {
                // Until it listens, connecting is refused, and by now the mode is set.
                socket.Listen(backlog);
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Bind(Socket socket, UnixSocketAddress address, UnixFileMode mode, bool replaceStale)
    {
        if (!address.IsAbstract && OperatingSystem.IsLinux())
        {
            // On Linux the file takes its mode from the unbound socket, so that not even a datagram comes in earlier.
            using var lease = new HandleLease(socket.SafeHandle);
            _ = SysStat.FChMod(lease.Fd, (uint)mode);
        }

        try
        {
            socket.Bind(address.ToEndPoint());
        }
        catch (SocketException)
        {
            int errno = ErrorOfBind(socket, address);
            if (errno == 0)
            {
                // What was in the way has just gone. The Socket does not know that the address is its own, and would leave the file.
                if (!address.IsAbstract)
                {
                    File.Delete(address.Name);
                }

                throw new SystemCallException("bind", Errno.EADDRINUSE, $"{address}: what was there has just gone, so try again");
            }

            if (errno != Errno.EADDRINUSE || !replaceStale || address.IsAbstract || !IsStale(address, socket.SocketType))
            {
                throw new SystemCallException(
                    "bind", errno, errno == Errno.EADDRINUSE ? Explain(address, socket.SocketType) : address.ToString());
            }

            File.Delete(address.Name);
            socket.Bind(address.ToEndPoint());
        }

        if (!address.IsAbstract)
        {
            File.SetUnixFileMode(address.Name, mode);
        }
    }

    // Socket.Bind does not keep the error number: it tells ENOENT as EADDRNOTAVAIL, and others as nothing. Asking again does.
    private static unsafe int ErrorOfBind(Socket socket, UnixSocketAddress address)
    {
        byte* name = stackalloc byte[SysUn.MaxSize];
        int length = SysUn.Write(new Span<byte>(name, SysUn.MaxSize), address.Name, address.IsAbstract, Constants.Current);
        using var lease = new HandleLease(socket.SafeHandle);
        return SysSocket.Bind(lease.Fd, name, (uint)length) == 0 ? 0 : Errno.Last;
    }

    private static string Explain(UnixSocketAddress address, SocketType type)
    {
        if (!address.IsAbstract)
        {
            if (!IsSocketFile(address.Name))
            {
                return $"{address} is there, and is not a socket";
            }

            // Connecting to it would be seen by whoever is there, so that comes last.
            if (UnixSocketTable.Find(address) is null && IsStale(address, type))
            {
                return $"{address} is left from a process that is gone: -Force replaces it";
            }
        }

        return $"{address} is {(address.IsAbstract ? "taken" : "in use")} by {HolderOf(address, type) ?? "a process that this user may not look at"}";
    }

    // The open descriptors tell without disturbing anybody, but only of processes that this user may look into. Otherwise the
    // kernel tells whoever connects who listens.
    private static string? HolderOf(UnixSocketAddress address, SocketType type)
    {
        if (UnixSocketTable.HolderAt(address) is { } holder)
        {
            return holder;
        }

        try
        {
            using Socket probe = UnixSocketConnection.Connect(address, type, TimeSpan.Zero);
            return UnixSocketPeer.Of(probe.SafeHandle).Describe();
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
            return null;
        }
    }

    // A socket file that nobody has open: connecting to it is refused.
    private static bool IsStale(UnixSocketAddress address, SocketType type)
    {
        if (!IsSocketFile(address.Name))
        {
            return false;
        }

        try
        {
            UnixSocketConnection.Connect(address, type, TimeSpan.Zero).Dispose();
            return false;
        }
        catch (SystemCallException exception)
        {
            return exception.Errno == Errno.ECONNREFUSED;
        }
        catch (TimeoutException)
        {
            // Its backlog is full.
            return false;
        }
    }

    private static bool IsSocketFile(string path) =>
        SysStat.TryGetStatusOfLink(path, out SysStat.FileStatus status) && status.Type == SysStat.S_IFSOCK;
}
