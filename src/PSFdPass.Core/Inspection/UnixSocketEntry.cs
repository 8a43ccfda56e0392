using System.Net.Sockets;
using PSFdPass.Interop;

namespace PSFdPass;

/// <summary>
/// Describes a Unix-domain socket to which other processes can connect or send, as it was when the sockets were listed.
/// </summary>
/// <remarks>Immutable, and therefore thread-safe.</remarks>
public sealed record UnixSocketEntry
{
    internal UnixSocketEntry()
    {
    }

    /// <summary>
    /// Gets the path that the socket was bound to, or the abstract name without its leading NUL. Any process can choose any name.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>Gets a value indicating whether the name is abstract.</summary>
    public required bool IsAbstract { get; init; }

    /// <summary>Gets the type: Stream, Seqpacket or Dgram.</summary>
    public required SocketType Type { get; init; }

    /// <summary>Gets the inode of the socket.</summary>
    public required ulong Inode { get; init; }

    /// <summary>
    /// Gets the process that has the socket. If several processes have it, this is the one with the lowest ID. Null when the
    /// process is not known, because it is hidden or belongs to another user.
    /// </summary>
    public int? ProcessId { get; init; }

    /// <summary>
    /// Gets the name of the program that the process <see cref="ProcessId"/> runs; null when the process is not known.
    /// </summary>
    public string? Command { get; init; }

    /// <summary>Gets the file that the socket is bound to, as the kernel reports it.</summary>
    internal LinuxUnixDiag.BoundFile? File { get; init; }

    /// <summary>Returns the path, or <c>@name</c> for an abstract name, with a dot for each control character.</summary>
    public override string ToString() => ShownText.Of(IsAbstract ? "@" + Name : Name);
}
