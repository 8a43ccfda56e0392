using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace PSFdPass.Echo;

/// <summary>
/// The users whom a wide receiver serves. Recognizes a connection that is already served, and a connection of which the wide receiver has
/// both ends. Two such ends would echo to each other indefinitely.
/// </summary>
internal sealed class ServedUsers
{
    private readonly HashSet<EchoedUser> _users = [];
    private readonly Dictionary<ulong, EchoedUser> _byCookie = [];
    private readonly Dictionary<Ends, EchoedUser> _byEnds = [];

    /// <summary>Gets the number of users.</summary>
    public int Count => _users.Count;

    /// <summary>Returns whether a user is currently served.</summary>
    public bool Contains(EchoedUser user) => _users.Contains(user);

    /// <summary>Returns all users.</summary>
    public EchoedUser[] All() => [.. _users];

    /// <summary>Returns whether a socket belongs to a user who is already served.</summary>
    public bool Contains(in SocketInfo socket) => socket.Cookie != 0 && _byCookie.ContainsKey(socket.Cookie);

    /// <summary>Returns whether the other end of a socket is the socket itself, or the socket of a user.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="other">The user at the other end; null when the socket is connected to itself.</param>
    public bool HasOtherEnd(in SocketInfo socket, [MaybeNullWhen(false)] out EchoedUser? other)
    {
        other = null;
        return Ends.Of(socket) is { } ends && (ends == ends.Reversed() || _byEnds.TryGetValue(ends.Reversed(), out other));
    }

    /// <summary>Adds a user.</summary>
    public void Add(EchoedUser user)
    {
        _users.Add(user);
        if (user.Socket.Cookie != 0)
        {
            _byCookie[user.Socket.Cookie] = user;
        }

        if (Ends.Of(user.Socket) is { } ends)
        {
            _byEnds[ends] = user;
        }
    }

    /// <summary>Removes a user. Returns false when the user has already been removed.</summary>
    public bool Remove(EchoedUser user)
    {
        if (!_users.Remove(user))
        {
            return false;
        }

        if (user.Socket.Cookie != 0)
        {
            _byCookie.Remove(user.Socket.Cookie);
        }

        if (Ends.Of(user.Socket) is { } ends && _byEnds.TryGetValue(ends, out EchoedUser? one) && one == user)
        {
            _byEnds.Remove(ends);
        }

        return true;
    }

    // The namespace is compared too, because the same addresses in another network namespace belong to another connection.
    private readonly record struct Ends(IPAddress Here, int HerePort, IPAddress There, int TherePort, ulong Namespace)
    {
        public static Ends? Of(in SocketInfo socket) =>
            socket.LocalEndPoint is IPEndPoint here && socket.RemoteEndPoint is IPEndPoint there
                ? new Ends(Plain(here.Address), here.Port, Plain(there.Address), there.Port, socket.NamespaceCookie)
                : null;

        public Ends Reversed() => new(There, TherePort, Here, HerePort, Namespace);

        private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }
}
