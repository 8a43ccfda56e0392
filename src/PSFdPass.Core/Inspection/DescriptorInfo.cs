using System.Net;
using System.Net.Sockets;
using PSFdPass.Facts;
using PSFdPass.Handles;
using PSFdPass.Inspection;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// Describes one descriptor of this process or of another process, as it was at one moment. This object does not own the
/// descriptor. The descriptor may have been closed since then, and its number may refer to something else.
/// </summary>
/// <remarks>Immutable, and therefore thread-safe.</remarks>
public sealed class DescriptorInfo
{
    private string? _target;

    internal DescriptorInfo()
    {
    }

    /// <summary>Gets the descriptor's number in its process.</summary>
    public required int Fd { get; init; }

    /// <summary>Gets the ID of the process that has the descriptor.</summary>
    public required int ProcessId { get; init; }

    /// <summary>Gets the same value as <see cref="ProcessId"/>, under the name that other types use.</summary>
    public int Id => ProcessId;

    /// <summary>Gets the kind of object that the descriptor refers to.</summary>
    public required DescriptorKind Kind { get; init; }

    /// <summary>Gets the access mode of the descriptor.</summary>
    public required DescriptorAccess Access { get; init; }

    /// <summary>Gets the path, the addresses of both ends of a socket, or the kernel's name for the object.</summary>
    public required string Target { get => _target ??= Socket?.ToString() ?? ""; init => _target = value; }

    /// <summary>
    /// Gets the path in the file system, as the process with the descriptor sees it; for a Unix-domain socket, the path that it is
    /// bound to. Null for an object without a path.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>
    /// Gets a value indicating whether the path has been removed. The file itself exists until its last descriptor is closed.
    /// </summary>
    public bool IsDeleted { get; init; }

    /// <summary>Gets the close-on-exec flag, and the flags of the open file description, which other descriptors can share.</summary>
    public required DescriptorFlags Flags { get; init; }

    /// <summary>Gets the position of the next read or write, in bytes; null for an object without a position, such as a socket.</summary>
    public long? Position { get; init; }

    /// <summary>Gets the size in bytes; null for an object that has none, such as a pipe or a device.</summary>
    public long? Size { get; init; }

    /// <summary>
    /// Gets the inode number, which is the same for every descriptor of one file, socket or pipe. Null where it is not known.
    /// </summary>
    public ulong? Inode { get; init; }

    /// <summary>Gets the address family of a socket; null for other objects, and for a socket that was opened as a path (O_PATH).</summary>
    public SocketFamily? Family { get; init; }

    /// <summary>Gets the type of a socket; null for other objects, and where it is not known.</summary>
    public SocketType? SocketType { get; init; }

    /// <summary>Gets the state of a socket's connection; null for other objects, and where it is not known.</summary>
    public SocketState? State { get; init; }

    /// <summary>Gets the socket's own address; null when it has none.</summary>
    public EndPoint? LocalEndPoint { get; init; }

    /// <summary>Gets the address of the socket's peer; null when it has none.</summary>
    public EndPoint? RemoteEndPoint { get; init; }

    /// <summary>
    /// Gets the process at the other end of a connected Unix-domain socket. If several processes have that end, this is the one
    /// with the lowest ID. If none is found, because the process is hidden, belongs to another user, or is in another network
    /// namespace, this is the process that the kernel recorded when the connection was made (SO_PEERCRED), or null if the
    /// descriptor belongs to another process.
    /// </summary>
    public int? PeerProcessId { get; init; }

    /// <summary>
    /// Gets the name of the program that the process <see cref="PeerProcessId"/> runs. A process can choose any name.
    /// </summary>
    public string? PeerCommand { get; init; }

    /// <summary>Gets the seals of a memory file; null for other objects, and where they may not be read.</summary>
    public MemoryFileSeals? Seals { get; init; }

    /// <summary>Gets a value indicating whether the descriptor is standard input, output or error: number 0, 1 or 2.</summary>
    public bool IsStandardStream => Fd is >= 0 and <= RuntimeDescriptors.LastStandard;

    /// <summary>
    /// Gets a value indicating whether the descriptor is recognized as one of the runtime's own, such as a mapped assembly or its
    /// epoll instance. The value is always false for a descriptor that is not close-on-exec, or that belongs to another process.
    /// </summary>
    public bool IsRuntimeOwned { get; init; }

    /// <summary>Gets the description of a socket. The target is composed from the description when it is first used.</summary>
    internal SocketDescription? Socket { get; init; }

    /// <summary>Gets the data that identifies the object.</summary>
    internal DescriptorIdentity Identity { get; init; }

    /// <summary>Returns the number, the kind and the target, with control characters replaced.</summary>
    public override string ToString() => ShownText.Of($"{Fd} {Kind} {Target}");

    /// <summary>Returns whether the number still refers to the object that was described.</summary>
    /// <returns>
    /// False when the descriptor has been closed or its number refers to something else. The kernel does not distinguish eventfds,
    /// timers, epoll instances and the like; for these, the result is true when the number refers to an object of the same kind.
    /// </returns>
    public bool IsCurrent() => Compare() is DescriptorComparison.Same or DescriptorComparison.Unknown;

    /// <summary>
    /// Closes the descriptor, as close(2) does, if its number still refers to the object that was described. This is checked
    /// immediately before the call.
    /// </summary>
    /// <param name="force">
    /// True to also close an eventfd, a timer, an epoll instance or the like, for which the kernel does not report whether it is the object
    /// that was described. An object of another kind is never closed.
    /// </param>
    /// <exception cref="ArgumentException">Thrown when the descriptor belongs to another process.</exception>
    /// <exception cref="InvalidOperationException">
    /// Thrown when the number refers to something else or, without <paramref name="force"/>, to an object that can't be recognized.
    /// </exception>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not open (EBADF).</exception>
    public void Close(bool force = false)
    {
        int fd = FdHere();
        if (!force && Compare() == DescriptorComparison.Unknown)
        {
            throw new InvalidOperationException(SR.Format(SR.NotClosedUnknown, Fd, Kind));
        }

        Closing.CloseByNumber(fd);
    }

    /// <summary>Returns the number, after checking that it still refers to the object that was described.</summary>
    /// <exception cref="ArgumentException">Thrown when the descriptor belongs to another process.</exception>
    /// <exception cref="InvalidOperationException">Thrown when the number refers to something else.</exception>
    /// <exception cref="SystemCallException">Thrown when the descriptor is not open (EBADF).</exception>
    internal int FdHere()
    {
        if (ProcessId != Environment.ProcessId)
        {
            throw new ArgumentException(SR.Format(SR.DescriptorOfOtherProcess, Fd, ProcessId));
        }

        return Compare() switch
        {
            DescriptorComparison.Closed => throw new SystemCallException("fstat", Errno.EBADF, Fd),
            DescriptorComparison.Different => throw new InvalidOperationException(
                SR.Format(SR.DescriptorChanged, Fd, ShownText.Of($"{Kind} {Target}").TrimEnd())),
            _ => Fd,
        };
    }

    private DescriptorComparison Compare() => Identity.CompareWith(DescriptorIdentity.Of(ProcessId, Fd));
}
