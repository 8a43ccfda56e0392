namespace PSFdPass.Echo;

/// <summary>
/// Decides what happens to the users who were on the wire when a wide receiver closed it. If it took a connection, the quarterback closes
/// its copy. Otherwise, the user is kept for the next wide receiver.
/// </summary>
/// <remarks>
/// <para>These questions are asked in this order. The kernel answers each of them.</para>
/// <list type="number">
/// <item>Has the user disconnected? Then nobody needs the connection.</item>
/// <item>Does another process have the connection open? Then it was taken, and that process serves the user.</item>
/// <item>
/// Has the wide receiver's process ended? Then the connections that it took were closed with it, and the user is kept. A user who was on
/// the wire when two wide receivers died is thrown last and alone. If two more die then, the user is dropped.
/// </item>
/// <item>
/// Did the process, which is still running, receive everything before it closed the wire? Then it took this connection, and has closed it.
/// </item>
/// <item>Did a process other than the quarterback write to the connection? Then the user was served.</item>
/// <item>Otherwise the user was not taken, and is kept.</item>
/// </list>
/// </remarks>
internal sealed class BrokenWire
{
    private readonly HashSet<FileDescriptor> _heldElsewhere;
    private readonly WireEnd _end;
    private readonly bool _isAlone;

    /// <summary>Examines a wire that was closed.</summary>
    /// <param name="end">How it was closed.</param>
    /// <param name="receiver">The process that closed it.</param>
    /// <param name="users">The users who were on it.</param>
    public BrokenWire(WireEnd end, ReceiverProcess receiver, IReadOnlyCollection<GreetedUser> users)
    {
        _end = end;
        _isAlone = users.Count == 1;

        // This is checked first, because a process closes its descriptors while it is ending.
        IsAlive = receiver.IsAlive();
        _heldElsewhere = users.Count == 0 ? [] : receiver.FindHeldElsewhere(users.Select(user => user.Connection));
    }

    /// <summary>Gets a value indicating whether the wide receiver's process is still running.</summary>
    public bool IsAlive { get; }

    /// <summary>Gets a value indicating whether the wide receiver is known to have taken a user.</summary>
    public bool TookSomebody { get; private set; }

    /// <summary>Returns null to keep a user, or else the reason for closing the connection.</summary>
    public UserEnd? Judge(GreetedUser user)
    {
        if (!user.IsConnected)
        {
            return UserEnd.Gone;
        }

        if (_heldElsewhere.Contains(user.Connection))
        {
            TookSomebody = true;
            return UserEnd.Closed;
        }

        if (!IsAlive)
        {
            user.RecordDeath(_isAlone);
            return user.IsDeadly ? UserEnd.Fatal : null;
        }

        bool wasServed = _end == WireEnd.Closed || TcpCounters.BytesWrittenTo(user.Connection.SafeHandle) > user.Greeted;
        TookSomebody |= wasServed;
        return wasServed ? UserEnd.Closed : null;
    }
}
