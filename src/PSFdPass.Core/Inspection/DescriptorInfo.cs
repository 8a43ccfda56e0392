using System.Net.Sockets;
using System.Net;
using PSFdPass.Facts;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// Describes one descriptor of this process or another, as it was at one moment. It owns nothing: the descriptor may have been
/// closed since, and its number may be another's.
/// </summary>
public sealed class DescriptorInfo
{
    internal DescriptorInfo()
    {
    }

    /// <summary>The descriptor's number in its process.</summary>
    public required int Fd { get; init; }

    /// <summary>The id of the process whose descriptor it is.</summary>
    public required int ProcessId { get; init; }

    /// <summary>What it refers to.</summary>
    public required DescriptorKind Kind { get; init; }

    /// <summary>Whether it may be read and written.</summary>
    public required DescriptorAccess Access { get; init; }

    /// <summary>The path, the ends of a socket, or what else the kernel calls it.</summary>
    public required string Target { get; init; }

    /// <summary>
    /// Where it is in the file system, as its process sees that; for a Unix-domain socket the path that it is bound to. Null
    /// for what has no path.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>Whether the path is gone: the file goes on until its last descriptor is closed.</summary>
    public bool IsDeleted { get; init; }

    /// <summary>Close-on-exec, and the flags of the description that it shares with other holders.</summary>
    public required DescriptorFlags Flags { get; init; }

    /// <summary>Where the next read or write begins, in bytes; null for what has no such place, such as a socket.</summary>
    public long? Position { get; init; }

    /// <summary>How long it is, in bytes; null for what is not stored, such as a pipe or a device.</summary>
    public long? Size { get; init; }

    /// <summary>Its inode: the same for every descriptor of the same file, socket or pipe. Null where the system does not tell.</summary>
    public ulong? Inode { get; init; }

    /// <summary>The address family of a socket; null for anything else.</summary>
    public SocketFamily? Family { get; init; }

    /// <summary>The type of a socket; null for anything else, and where it can't be told.</summary>
    public SocketType? SocketType { get; init; }

    /// <summary>How far a socket is with its connection; null for anything else, and where it can't be told.</summary>
    public SocketState? State { get; init; }

    /// <summary>The socket's own address; null when it has none.</summary>
    public EndPoint? LocalEndPoint { get; init; }

    /// <summary>The address of the socket's peer; null when it has none.</summary>
    public EndPoint? RemoteEndPoint { get; init; }

    /// <summary>
    /// The process at the other end of a connected Unix-domain socket; when several hold that end, the one with the lowest id.
    /// Null where it can't be told: it may be hidden, of another user, or in another network namespace.
    /// </summary>
    public int? PeerProcessId { get; init; }

    /// <summary>The name of that process's program.</summary>
    public string? PeerProcessName { get; init; }

    /// <summary>What may not be done any more to a file in memory; null for anything else, and where it may not be known.</summary>
    public MemoryFileSeals? Seals { get; init; }

    /// <summary>The device of the inode, which tells files with the same inode apart.</summary>
    internal ulong Device { get; init; }

    /// <summary>Its number, kind and target, with a dot for each control character.</summary>
    public override string ToString() => ShownText.Of($"{Fd} {Kind} {Target}");

    /// <summary>The number, for use in this process.</summary>
    /// <exception cref="DescriptorElsewhereException">It is one of another process.</exception>
    /// <exception cref="InvalidOperationException">It is not the descriptor any more that was described.</exception>
    /// <exception cref="SystemCallException">EBADF: it is not open any more.</exception>
    internal int FdHere()
    {
        if (ProcessId != Environment.ProcessId)
        {
            throw new DescriptorElsewhereException(this);
        }

        if (!SysStat.TryGetStatus(Fd, out SysStat.FileStatus status))
        {
            throw SystemCallException.FromLast("fstat", $"descriptor {Fd}");
        }

        return (status.Device, status.Inode) == (Device, Inode ?? 0) ? Fd : throw new InvalidOperationException(
            $"Descriptor {Fd} was {Kind} {ShownText.Of(Target)}, and is something else by now: look again, and decide again.");
    }
}
