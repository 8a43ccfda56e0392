namespace PSFdPass.Echo;

/// <summary>
/// Decides what happens to the users who were on the wire when a wide receiver closed it. If the wide receiver has received a user's
/// connection, the quarterback closes its own copy. Otherwise, the user is kept for the next wide receiver.
/// </summary>
/// <remarks>
/// <para>The following questions are asked in this order. The kernel has the answer to each.</para>
/// <list type="number">
/// <item>Has the user disconnected? If so, nobody needs the connection.</item>
/// <item>Does another process have the connection open? If so, it has been received, and that process serves the user.</item>
/// <item>
/// Has the wide receiver's process ended? If so, the connections that it had received were closed with it, and the user is kept. A user who
/// has been on the wire at the death of two wide receivers is thrown last and alone. If two more die while that user is alone on the wire,
/// the user is dropped.
/// </item>
/// <item>
/// Did the process, which is still running, receive everything before it closed the wire? If so, it received this connection, and has
/// closed it.
/// </item>
/// <item>Has a process other than the quarterback written to the connection? If so, the user was served.</item>
/// <item>Otherwise, the connection was not received, and the user is kept.</item>
/// </list>
/// </remarks>
internal sealed class BrokenWire
{
    private readonly HashSet<FileDescriptor> _heldElsewhere;
    private readonly WireEnd _end;
    private readonly bool _isAlone;

    /// <summary>Examines a wire that has been closed.</summary>
    /// <param name="end">How the wire was closed.</param>
    /// <param name="receiver">The process that closed the wire.</param>
    /// <param name="users">The users who were on the wire.</param>
    public BrokenWire(WireEnd end, ReceiverProcess receiver, IReadOnlyCollection<GreetedUser> users)
    {
        _end = end;
        _isAlone = users.Count == 1;

        // Check this first, because a process closes its descriptors while it is ending.
        IsAlive = receiver.IsAlive();
        _heldElsewhere = users.Count == 0 ? [] : receiver.FindHeldElsewhere(users.Select(user => user.Connection));
    }

    /// <summary>Gets a value indicating whether the wide receiver's process is still running.</summary>
    public bool IsAlive { get; }

    /// <summary>Gets a value indicating whether the wide receiver is known to have received a user.</summary>
    public bool TookSomebody { get; private set; }

    /// <summary>Returns null to keep a user; otherwise, the reason for closing the connection.</summary>
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
