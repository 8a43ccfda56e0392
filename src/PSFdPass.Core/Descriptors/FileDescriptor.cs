using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using PSFdPass.Descriptors;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// Owns one open descriptor: closes it when it is disposed, or when it is dropped and the finalizer runs. Its facts are asked
/// of the kernel when they are looked at.
/// </summary>
/// <remarks>
/// <see cref="OpenStream"/>, <see cref="OpenSocket"/>, <see cref="OpenHandle"/> and <see cref="Detach"/> hand the ownership
/// over. After that this object is spent: <see cref="Fd"/> is −1, and using it says where the descriptor went.
/// </remarks>
public sealed class FileDescriptor : IDisposable
{
    private readonly SafeDescriptorHandle _handle;
    private DescriptorKind _kind;
    private string? _handedOverAs;

    /// <summary>Takes a descriptor.</summary>
    /// <param name="fd">Its number.</param>
    /// <param name="ownsHandle">True to close it with this object.</param>
    public FileDescriptor(int fd, bool ownsHandle)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fd);
        _handle = new SafeDescriptorHandle(fd, ownsHandle);
        IsBorrowed = !ownsHandle;
    }

    /// <summary>The descriptor's number in this process; −1 once it is closed or handed over.</summary>
    public int Fd => IsOpen ? (int)_handle.DangerousGetHandle() : -1;

    /// <summary>Whether this object still owns an open descriptor.</summary>
    public bool IsOpen
    {
        get
        {
            if (!_handle.IsClosed && _handle.IsStale)
            {
                // Somebody closed it by its number.
                _handle.SetHandleAsInvalid();
            }

            return !_handle.IsClosed;
        }
    }

    /// <summary>What it refers to (fstat(2)); <see cref="DescriptorKind.None"/> once it is closed or handed over.</summary>
    public DescriptorKind Kind
    {
        get
        {
            if (!IsOpen)
            {
                return DescriptorKind.None;
            }

            if (_kind == DescriptorKind.None)
            {
                using var lease = new HandleLease(_handle);
                _kind = DescriptorInspection.KindOf(lease.Fd);
            }

            return _kind;
        }
    }

    /// <summary>Whether it may be read and written: the access mode of open(2).</summary>
    public DescriptorAccess Access
    {
        get
        {
            if (!IsOpen)
            {
                return DescriptorAccess.None;
            }

            using var lease = new HandleLease(_handle);
            return DescriptorInspection.AccessOf(lease.Fd);
        }
    }

    /// <summary>The path, the ends of a socket, or what else the kernel calls it; once it is spent, what became of it.</summary>
    public string Target
    {
        get
        {
            if (!IsOpen)
            {
                return _handedOverAs is null ? "(closed)" : $"(handed over as {_handedOverAs})";
            }

            DescriptorKind kind = Kind;
            using var lease = new HandleLease(_handle);
            return DescriptorInspection.TargetOf(lease.Fd, kind);
        }
    }

    /// <summary>Close-on-exec, and the flags of the description that it shares with other holders (fcntl(2)).</summary>
    public DescriptorFlags Flags
    {
        get
        {
            if (!IsOpen)
            {
                return DescriptorFlags.None;
            }

            using var lease = new HandleLease(_handle);
            return DescriptorInspection.FlagsOf(lease.Fd);
        }
    }

    /// <summary>The handle, for calls that borrow the descriptor. It stays this object's to close.</summary>
    /// <exception cref="ObjectDisposedException">The descriptor is closed or was handed over.</exception>
    public SafeHandle SafeHandle => IsOpen ? _handle : throw Spent();

    /// <summary>Whether closing this object leaves the descriptor open.</summary>
    internal bool IsBorrowed { get; }

    internal bool IsConnectedStream
    {
        get
        {
            if (Kind != DescriptorKind.Socket)
            {
                return false;
            }

            using var lease = new HandleLease(_handle);
            return SocketFacts.TypeOf(lease.Fd) == Constants.SOCK_STREAM && SocketFacts.IsConnected(lease.Fd);
        }
    }

    /// <summary>
    /// Opens a file, a directory, a named pipe or a device: open(2), close-on-exec, without creating anything.
    /// <see cref="FileOpener"/> can do more.
    /// </summary>
    /// <param name="path">The path; a relative one is relative to the process's current directory.</param>
    /// <param name="access">Read, Write or ReadWrite.</param>
    /// <exception cref="SystemCallException">open(2) failed: ENOENT, EACCES, EISDIR for writing to a directory and so on.</exception>
    public static FileDescriptor Open(string path, FileAccess access = FileAccess.Read) =>
        FileOpener.Open(path, new FileOpenOptions { Access = access });

    /// <summary>
    /// Closes descriptors by number (close(2)), such as those that <see cref="DescriptorReceiver"/> wrote to the caller's span.
    /// Nobody else may own them.
    /// </summary>
    /// <param name="numbers">Their numbers. One that is not open is passed over.</param>
    public static void Close(ReadOnlySpan<int> numbers) => Closing.CloseAll(numbers);

    /// <summary>Makes another descriptor of the same description, close-on-exec (F_DUPFD_CLOEXEC of fcntl(2)).</summary>
    /// <exception cref="ObjectDisposedException">The descriptor is closed or was handed over.</exception>
    /// <exception cref="SystemCallException">EMFILE: there is no descriptor left.</exception>
    public FileDescriptor Duplicate()
    {
        using var lease = new HandleLease(SafeHandle);
        return DescriptorCopy.Of(lease.Fd);
    }

    /// <summary>Hands the descriptor over to a stream that suits it: a <see cref="NetworkStream"/> or a <see cref="FileStream"/>.</summary>
    /// <remarks>
    /// A FileStream begins at the description's offset, and then counts for itself: other holders do not see it move.
    /// O_NONBLOCK, which a stream can't deal with, is cleared on the description that all holders share.
    /// </remarks>
    /// <exception cref="ObjectDisposedException">The descriptor is closed or was handed over.</exception>
    /// <exception cref="NotSupportedException">It is nothing that can be read or written as a stream, such as a directory.</exception>
    public Stream OpenStream()
    {
        switch (Kind)
        {
            case DescriptorKind.None:
                throw Spent();

            case DescriptorKind.Socket:
                return IsConnectedStream
                    ? new NetworkStream(HandOverSocket(NameOf<NetworkStream>()), ownsSocket: true)
                    : throw new NotSupportedException(
                        $"Descriptor {Fd} ({ShownText.Of(Target)}) is not a connected stream socket: use OpenSocket().");

            case DescriptorKind.File or DescriptorKind.MemoryFile or DescriptorKind.Pipe
                or DescriptorKind.CharacterDevice or DescriptorKind.BlockDevice when Access != DescriptorAccess.None:
                ClearNonBlocking();
                FileAccess access = Access switch
                {
                    DescriptorAccess.Read => FileAccess.Read,
                    DescriptorAccess.Write => FileAccess.Write,
                    _ => FileAccess.ReadWrite,
                };
                return new FileStream(new SafeFileHandle(HandOver(NameOf<FileStream>()), ownsHandle: true), access);

            default:
                throw new NotSupportedException($"Descriptor {Fd} ({Kind} {ShownText.Of(Target)}) can't be read or written as a stream.");
        }
    }

    /// <summary>Hands the descriptor over to a <see cref="Socket"/>.</summary>
    /// <remarks>
    /// The socket's synchronous calls wait, even if another holder's asynchronous operation has left O_NONBLOCK on the
    /// description. The flag itself stays, because that holder may rely on it.
    /// </remarks>
    /// <exception cref="ObjectDisposedException">The descriptor is closed or was handed over.</exception>
    /// <exception cref="SystemCallException">ENOTSOCK: it is no socket. The descriptor stays this object's.</exception>
    public Socket OpenSocket() => HandOverSocket(NameOf<Socket>());

    /// <summary>Hands the descriptor over to a handle of the type that .NET has for it: SafeSocketHandle or SafeFileHandle.</summary>
    /// <exception cref="ObjectDisposedException">The descriptor is closed or was handed over.</exception>
    public SafeHandle OpenHandle() =>
        Kind == DescriptorKind.Socket
            ? new SafeSocketHandle(HandOver(NameOf<SafeSocketHandle>()), ownsHandle: true)
            : new SafeFileHandle(HandOver(NameOf<SafeFileHandle>()), ownsHandle: true);

    /// <summary>Hands the descriptor over to what .NET has for its kind: a Socket, a FileStream, or itself where there is nothing.</summary>
    /// <exception cref="ObjectDisposedException">The descriptor is closed or was handed over.</exception>
    public object OpenNatural() => Kind switch
    {
        DescriptorKind.Socket => OpenSocket(),
        DescriptorKind.File or DescriptorKind.MemoryFile or DescriptorKind.Pipe when Access != DescriptorAccess.None => OpenStream(),
        DescriptorKind.None => throw Spent(),
        _ => this,
    };

    /// <summary>Hands the descriptor over as a number, which is the caller's to close.</summary>
    /// <exception cref="ObjectDisposedException">The descriptor is closed or was handed over.</exception>
    public int Detach() => HandOver("a number");

    /// <summary>Closes the descriptor (close(2)); does nothing when it is closed or was handed over.</summary>
    public void Close() => Dispose();

    /// <inheritdoc cref="Close()"/>
    public void Dispose() => _handle.Dispose();

    /// <summary>Its number, kind and target, with a dot for each control character.</summary>
    public override string ToString() => IsOpen ? ShownText.Of($"{Fd} {Kind} {Target}") : Target;

    private static string NameOf<T>() => "a " + typeof(T).Name;

    private Socket HandOverSocket(string name)
    {
        Socket socket = SocketConversion.ToSocket(IsOpen ? _handle : throw Spent());
        _handedOverAs = name;
        return socket;
    }

    private int HandOver(string name)
    {
        int fd = IsOpen ? _handle.Detach() : throw Spent();
        _handedOverAs = name;
        return fd;
    }

    private void ClearNonBlocking()
    {
        using var lease = new HandleLease(_handle);
        int flags = Fcntl.Control(lease.Fd, Constants.F_GETFL);
        if (flags >= 0 && (flags & Constants.Current.O_NONBLOCK) != 0)
        {
            _ = Fcntl.Control(lease.Fd, Constants.F_SETFL, flags & ~Constants.Current.O_NONBLOCK);
        }
    }

    private ObjectDisposedException Spent() =>
        new(null, _handedOverAs is null
            ? "The descriptor is closed."
            : $"The descriptor was handed over as {_handedOverAs}: use that.");
}
