using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using PSFdPass.Descriptors;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// Represents one open file descriptor of this process and closes it when the object is disposed or finalized. The properties query
/// the kernel each time they are read.
/// </summary>
/// <remarks>
/// <para>
/// <see cref="OpenStream"/>, <see cref="OpenSocket"/>, <see cref="OpenHandle"/> and <see cref="Detach"/> hand the descriptor over. After
/// that, <see cref="Fd"/> is -1, and methods that need the descriptor throw an exception that names the new owner.
/// </para>
/// <para>
/// Thread-safe. If two threads dispose the object or hand its descriptor over at the same time, only one of them succeeds. On the
/// other thread, <see cref="Dispose"/> does nothing, and the methods that hand the descriptor over throw
/// <see cref="ObjectDisposedException"/>. Disposing the object also ends waits for the descriptor on other threads.
/// </para>
/// </remarks>
public sealed partial class FileDescriptor : IDisposable
{
    private readonly SafeDescriptorHandle _handle;
    private volatile string? _handedOverAs;
    private volatile bool _isDisposed;

    /// <summary>Initializes a new instance for a descriptor of this process.</summary>
    /// <param name="fd">The descriptor's number.</param>
    /// <param name="ownsHandle">
    /// True to close the descriptor when this object is disposed or finalized. If false, the stream, socket or handle to which the
    /// descriptor is handed over does not close it either.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the number is negative.</exception>
    public FileDescriptor(int fd, bool ownsHandle)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fd);
        _handle = new SafeDescriptorHandle(fd, ownsHandle);
        IsBorrowed = !ownsHandle;
    }

    /// <summary>Initializes a new instance that takes over a handle, which owns the descriptor.</summary>
    internal FileDescriptor(SafeDescriptorHandle handle) => _handle = handle;

    /// <summary>Gets the descriptor's number in this process; -1 after it has been closed or handed over.</summary>
    public int Fd => IsOpen ? (int)_handle.DangerousGetHandle() : -1;

    /// <summary>Gets a value indicating whether this object still holds the descriptor.</summary>
    public bool IsOpen => !_isDisposed && _handle.IsUsable;

    /// <summary>Gets the kind of the file (fstat(2)); <see cref="DescriptorKind.None"/> when the descriptor is not open.</summary>
    public DescriptorKind Kind => Ask(DescriptorFacts.KindOf, DescriptorKind.None);

    /// <summary>Gets the access mode of open(2); <see cref="DescriptorAccess.None"/> when the descriptor is not open.</summary>
    public DescriptorAccess Access => Ask(DescriptorFacts.AccessOf, DescriptorAccess.None);

    /// <summary>
    /// Gets the path, the addresses of a socket, or the kernel's name for the file. After the descriptor has been closed or handed
    /// over, the value says so, for example <c>(closed)</c>.
    /// </summary>
    public string Target =>
        Ask<string?>(static fd => DescriptorFacts.TargetOf(fd, DescriptorFacts.KindOf(fd)), null) ??
        (_handedOverAs is { } owner ? $"(handed over as {owner})" : "(closed)");

    /// <summary>
    /// Gets the flags of the descriptor and of the open file description, which other descriptors can share (fcntl(2));
    /// <see cref="DescriptorFlags.None"/> when the descriptor is not open.
    /// </summary>
    public DescriptorFlags Flags => Ask(DescriptorFacts.FlagsOf, DescriptorFlags.None);

    /// <summary>Gets the seals of a memory file (F_GET_SEALS of fcntl(2)); null for any other file, and when the descriptor is not open.</summary>
    public MemoryFileSeals? Seals => Ask(MemoryFiles.SealsOf, null);

    /// <summary>Gets the handle, for calls that borrow the descriptor. This object still owns the descriptor.</summary>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor has been closed or handed over.</exception>
    public SafeHandle SafeHandle => IsOpen ? _handle : throw NotOpen();

    /// <summary>Gets a value indicating whether disposing this object leaves the descriptor open.</summary>
    internal bool IsBorrowed { get; }

    /// <summary>
    /// Opens an existing file, directory, FIFO or device, close-on-exec (open(2)). Opening a FIFO waits, without a time limit,
    /// until its other end has been opened.
    /// </summary>
    /// <param name="path">The path. A relative path is relative to the process's current directory.</param>
    /// <param name="access">Read, Write or ReadWrite.</param>
    /// <exception cref="ArgumentException">Thrown when the path is empty or contains a NUL character.</exception>
    /// <exception cref="SystemCallException">
    /// Thrown when open(2) fails: ENOENT, EACCES, EISDIR (a directory can't be opened for writing) and so on.
    /// </exception>
    public static FileDescriptor Open(string path, FileAccess access = FileAccess.Read) =>
        Open(path, new FileOpenOptions { Access = access }, Timeout.InfiniteTimeSpan);

    /// <summary>Opens a path, close-on-exec. Opening a FIFO waits until its other end has been opened.</summary>
    /// <remarks>
    /// The file is opened with O_NONBLOCK, so that opening a serial line does not wait for a carrier signal. The flag is cleared at
    /// once. During the wait for a FIFO, the path is resolved repeatedly. If another file replaces the FIFO, that file is opened.
    /// </remarks>
    /// <param name="path">
    /// The path. A relative path is relative to the process's current directory, or to <see cref="FileOpenOptions.Beneath"/>.
    /// </param>
    /// <param name="options">The access mode, the flags, and the directory that the path is confined to.</param>
    /// <param name="timeout">
    /// The time to wait until the other end of a FIFO has been opened, or until another process has released its lease on the file
    /// (F_SETLEASE).
    /// </param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="ArgumentException">Thrown when the options contradict each other, or the path is empty or contains a NUL character.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the timeout is negative and not infinite, or the access is invalid.</exception>
    /// <exception cref="PlatformNotSupportedException">Thrown when an option is set that only Linux supports.</exception>
    /// <exception cref="TimeoutException">
    /// Thrown when the other end of the FIFO was not opened, or the lease was not released, in time.
    /// </exception>
    /// <exception cref="OperationCanceledException">Thrown when the wait was canceled.</exception>
    /// <exception cref="SystemCallException">
    /// Thrown when open(2) fails: ENOENT, EACCES, EISDIR (a directory can't be opened for writing) and so on. ELOOP: the path is a
    /// link that is not followed. EXDEV: the path leads out of the directory that it is confined to. ENOSYS: the kernel has no
    /// openat2(2), and nothing was opened.
    /// </exception>
    public static FileDescriptor Open(string path, FileOpenOptions options, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        FileOpening.Open(path, options, timeout, cancellationToken);

    /// <summary>
    /// Creates a file in memory (memfd_create(2)) and opens it for reading and writing, close-on-exec. The offset is at its
    /// beginning. The file is deleted when its last descriptor is closed. Linux only.
    /// </summary>
    /// <param name="name">The name to show in <c>/proc</c>. Several files can have the same name.</param>
    /// <param name="content">The initial content.</param>
    /// <param name="seals">The operations that no process may perform on the file afterwards.</param>
    /// <exception cref="ArgumentException">
    /// Thrown when the name contains a NUL character or is longer than 249 bytes in UTF-8.
    /// </exception>
    /// <exception cref="SystemCallException">
    /// Thrown when no descriptor is left (EMFILE), or the kernel does not support a seal (EINVAL).
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Thrown when the system is not Linux.</exception>
    public static FileDescriptor CreateMemoryFile(string name, ReadOnlySpan<byte> content = default, MemoryFileSeals seals = default) =>
        MemoryFiles.Create(name, content, seals);

    /// <summary>Takes ownership of a descriptor that this process inherited, and makes it close-on-exec.</summary>
    /// <param name="fd">The descriptor's number.</param>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the number is negative.</exception>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not open (EBADF).</exception>
    public static FileDescriptor Adopt(int fd)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fd);
        SetCloseOnExec(fd, true);
        return new FileDescriptor(fd, ownsHandle: true);
    }

    /// <summary>Duplicates a descriptor of this process, close-on-exec (F_DUPFD_CLOEXEC of fcntl(2)).</summary>
    /// <param name="fd">The descriptor's number.</param>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not open (EBADF), or no descriptor is left (EMFILE).</exception>
    public static FileDescriptor Duplicate(int fd) => Duplication.Of(fd);

    /// <summary>Duplicates a descriptor of this process to a specified number (dup3(2)).</summary>
    /// <remarks>
    /// The duplicate is close-on-exec, unless it is one of the standard streams (0, 1 and 2), which programs that this process
    /// starts are expected to inherit. A standard stream also stays open when the returned object is disposed.
    /// </remarks>
    /// <param name="fd">The descriptor's number.</param>
    /// <param name="target">The number of the duplicate.</param>
    /// <param name="replace">
    /// True to replace a descriptor that already has the target number. It is closed and replaced in one step.
    /// </param>
    /// <exception cref="ArgumentException">Thrown when both numbers are the same.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when no descriptor can have the target number.</exception>
    /// <exception cref="InvalidOperationException">Thrown when the target number is in use and <paramref name="replace"/> is false.</exception>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not open (EBADF).</exception>
    public static FileDescriptor DuplicateTo(int fd, int target, bool replace = false) => Duplication.To(fd, target, replace);

    /// <summary>
    /// Duplicates a descriptor of another process, close-on-exec (pidfd_getfd(2)). The other process keeps its own descriptor.
    /// Linux only.
    /// </summary>
    /// <param name="processId">The ID of the process.</param>
    /// <param name="fd">The descriptor's number in that process.</param>
    /// <exception cref="SystemCallException">
    /// Thrown when the process does not exist (ESRCH), does not have the descriptor open (EBADF), or may not be debugged by this
    /// process (EPERM), or when the kernel is older than Linux 5.6 (ENOSYS).
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Thrown when the system is not Linux.</exception>
    public static FileDescriptor DuplicateFromProcess(int processId, int fd) => Duplication.FromProcess(processId, fd);

    /// <summary>
    /// Closes descriptors by their numbers, for example those that a <see cref="DescriptorReceiver"/> wrote to the caller's span.
    /// </summary>
    /// <param name="numbers">The numbers, which the caller must own. A number that is not open is skipped.</param>
    public static void CloseAll(ReadOnlySpan<int> numbers) => Closing.CloseAll(numbers);

    /// <summary>
    /// Closes several descriptors. Where close_range(2) is available, one call closes each run of consecutive numbers; otherwise,
    /// close(2) is called for each. Descriptors that have already been closed or handed over are skipped.
    /// </summary>
    /// <param name="descriptors">The descriptors. Elements that are null are skipped.</param>
    public static void DisposeAll(ReadOnlySpan<FileDescriptor> descriptors)
    {
        using var batch = new ClosingBatch(descriptors.Length);
        foreach (FileDescriptor? descriptor in descriptors)
        {
            descriptor?.Dispose();
        }
    }

    /// <summary>
    /// Closes a descriptor by its number (close(2)). A <see cref="FileDescriptor"/> that owns the number no longer owns it afterwards.
    /// .NET objects, such as Socket and FileStream, are not updated: close those objects instead.
    /// </summary>
    /// <param name="fd">The descriptor's number.</param>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not open (EBADF).</exception>
    public static void CloseByNumber(int fd) => Closing.CloseByNumber(fd);

    /// <summary>
    /// Closes the descriptor of a handle of any type exactly as close(2) does: no connection is shut down, no socket option is
    /// changed and no path is unlinked. Does nothing if the handle is already closed.
    /// </summary>
    /// <param name="handle">The handle, which is closed afterwards.</param>
    public static void CloseHandle(SafeHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        Closing.Release(handle);
    }

    /// <summary>Duplicates the descriptor, close-on-exec (F_DUPFD_CLOEXEC of fcntl(2)).</summary>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor has been closed or handed over.</exception>
    /// <exception cref="SystemCallException">Thrown when no descriptor is left (EMFILE).</exception>
    public FileDescriptor Duplicate()
    {
        using HandleLease lease = Lease();
        return Duplication.Of(lease.Fd);
    }

    /// <summary>Sets whether programs that this process starts inherit the descriptor (FD_CLOEXEC of fcntl(2)).</summary>
    /// <param name="value">True to close the descriptor in programs that this process starts.</param>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor has been closed or handed over.</exception>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not open (EBADF).</exception>
    public void SetCloseOnExec(bool value)
    {
        using HandleLease lease = Lease();
        SetCloseOnExec(lease.Fd, value);
    }

    /// <summary>
    /// Sets or clears O_NONBLOCK on the open file description, for all processes that share it (fcntl(2)). While the flag is set,
    /// reads and writes fail with EAGAIN instead of waiting.
    /// </summary>
    /// <param name="value">True to set the flag, false to clear it.</param>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor has been closed or handed over.</exception>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not open, or was opened with O_PATH (EBADF).</exception>
    public void SetNonBlocking(bool value)
    {
        using HandleLease lease = Lease();
        int flags = Fcntl.Control(lease.Fd, Constants.F_GETFL);
        int changed = value ? flags | Constants.Current.O_NONBLOCK : flags & ~Constants.Current.O_NONBLOCK;
        if (flags < 0 || (changed != flags && Fcntl.Control(lease.Fd, Constants.F_SETFL, changed) < 0))
        {
            throw SystemCallException.FromLast("fcntl", lease.Fd);
        }
    }

    /// <summary>
    /// Hands the descriptor over to a stream. For a connected stream socket, this is a <see cref="NetworkStream"/>; otherwise, it
    /// is a stream that reads and writes at the shared offset of the open file description.
    /// </summary>
    /// <remarks>
    /// A stream over a file, a pipe or a device does not buffer. It waits even if O_NONBLOCK is set, and never changes that flag.
    /// It supports ReadTimeout and WriteTimeout. Disposing it from another thread ends a wait.
    /// </remarks>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor has been closed or handed over.</exception>
    /// <exception cref="NotSupportedException">Thrown when the file, such as a directory, can't be read or written as a stream.</exception>
    public Stream OpenStream()
    {
        (int fd, DescriptorKind kind, DescriptorAccess access, bool isConnected) = Ask(
            static fd => (fd, DescriptorFacts.KindOf(fd), DescriptorFacts.AccessOf(fd), IsConnectedStream(fd)),
            (-1, DescriptorKind.None, DescriptorAccess.None, false));
        switch (kind)
        {
            case DescriptorKind.Socket when isConnected:
                return new NetworkStream(HandOverSocket(NameOf<NetworkStream>()), ownsSocket: true);

            case DescriptorKind.Socket:
                throw new NotSupportedException(SR.Format(SR.NotConnectedStream, fd, ShownText.Of(Target)));

            case DescriptorKind.File or DescriptorKind.MemoryFile or DescriptorKind.Pipe
                or DescriptorKind.CharacterDevice or DescriptorKind.BlockDevice when access != DescriptorAccess.None:
                return new DescriptorStream(new SafeDescriptorHandle(HandOver(NameOf<Stream>()), !IsBorrowed), kind, access);

            default:
                _ = SafeHandle;
                throw new NotSupportedException(SR.Format(SR.NotStream, fd, kind, ShownText.Of(Target)));
        }
    }

    /// <summary>Hands the descriptor over to a <see cref="Socket"/>.</summary>
    /// <remarks>
    /// Synchronous calls on the socket block, even if an asynchronous operation in another process has set O_NONBLOCK on the open file
    /// description. The flag itself is not changed, because that process may rely on it.
    /// </remarks>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor has been closed or handed over.</exception>
    /// <exception cref="SystemCallException">
    /// Thrown when the descriptor is not a socket (ENOTSOCK). In that case, this object keeps it.
    /// </exception>
    public Socket OpenSocket() => HandOverSocket(NameOf<Socket>());

    /// <summary>Hands the descriptor over to a handle of the matching .NET type: SafeSocketHandle or SafeFileHandle.</summary>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor has been closed or handed over.</exception>
    public SafeHandle OpenHandle() =>
        Kind == DescriptorKind.Socket && Access != DescriptorAccess.None
            ? new SafeSocketHandle(HandOver(NameOf<SafeSocketHandle>()), !IsBorrowed)
            : new SafeFileHandle(HandOver(NameOf<SafeFileHandle>()), !IsBorrowed);

    /// <summary>
    /// Hands the descriptor over to the .NET object that suits its kind: a Socket, or a stream for a file or a pipe. Returns this object
    /// for other kinds.
    /// </summary>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor has been closed or handed over.</exception>
    public object OpenObject()
    {
        _ = SafeHandle;
        return Kind switch
        {
            DescriptorKind.Socket when Access != DescriptorAccess.None => OpenSocket(),
            DescriptorKind.File or DescriptorKind.MemoryFile or DescriptorKind.Pipe when Access != DescriptorAccess.None => OpenStream(),
            _ => this,
        };
    }

    /// <summary>Hands the descriptor over as a number, which the caller must close.</summary>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor has been closed or handed over.</exception>
    public int Detach() => HandOver("a number");

    /// <summary>Closes the descriptor (close(2)). Does nothing if it has already been closed or handed over.</summary>
    public void Close() => Dispose();

    /// <inheritdoc cref="Close()"/>
    public void Dispose()
    {
        _isDisposed = true;
        _handle.Dispose();
    }

    /// <summary>
    /// Returns the number, kind and target, with each control character replaced by a dot. It never throws an exception.
    /// </summary>
    public override string ToString() => IsOpen ? ShownText.Of($"{Fd} {Kind} {Target}") : Target;

    private static string NameOf<T>() => "a " + typeof(T).Name;

    private static bool IsConnectedStream(int fd) =>
        SocketFacts.TryGetType(fd, out int type) && type == Constants.SOCK_STREAM && SocketFacts.IsConnected(fd);

    private static void SetCloseOnExec(int fd, bool value)
    {
        if (Fcntl.Control(fd, Constants.F_SETFD, value ? Constants.FD_CLOEXEC : 0) < 0)
        {
            throw SystemCallException.FromLast("fcntl", fd);
        }
    }

    private TAnswer Ask<TAnswer>(Func<int, TAnswer> question, TAnswer otherwise)
    {
        if (!IsOpen)
        {
            return otherwise;
        }

        try
        {
            using var lease = new HandleLease(_handle);
            return question(lease.Fd);
        }
        catch (ObjectDisposedException)
        {
            // Another thread has closed the descriptor or handed it over.
            return otherwise;
        }
    }

    private HandleLease Lease()
    {
        try
        {
            return new HandleLease((SafeDescriptorHandle)SafeHandle);
        }
        catch (ObjectDisposedException)
        {
            throw NotOpen();
        }
    }

    private Socket HandOverSocket(string name)
    {
        Socket socket = SocketConversion.ToSocket((SafeDescriptorHandle)SafeHandle, !IsBorrowed);
        _handedOverAs = name;
        return socket;
    }

    private int HandOver(string name)
    {
        int fd = ((SafeDescriptorHandle)SafeHandle).Detach();
        _handedOverAs = name;
        return fd;
    }

    private ObjectDisposedException NotOpen() =>
        new(null, _handedOverAs is { } owner ? SR.Format(SR.DescriptorHandedOver, owner) : SR.DescriptorClosed);
}
