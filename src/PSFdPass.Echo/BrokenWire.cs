namespace PSFdPass.Echo;

/// <summary>
/// Decides what happens to the users who were on the wire when a wide receiver closed it: whether it has taken them, so that the
/// quarterback closes its copies, or not, so that they are kept for the next one.
/// </summary>
/// <remarks>
/// <para>The order of the questions, each of which the kernel answers:</para>
/// <list type="number">
/// <item>Has the user disconnected? Then nobody needs the connection.</item>
/// <item>Does another process have the connection open? Then it was taken, and that process serves the user.</item>
/// <item>
/// Has the wide receiver's process ended? Then whatever it took ended with it, and the user is kept. A user on the wire at two deaths is
/// thrown last and alone, and dropped after two more deaths.
/// </item>
/// <item>Did the process, which lives, receive everything before it closed the wire? Then it took all, and let go of this one.</item>
/// <item>Did another process than the quarterback write to the connection? Then the user was served.</item>
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

        // First whether it lives: what it has open is closed while it ends.
        IsAlive = receiver.IsAlive();
        _heldElsewhere = users.Count == 0 ? [] : receiver.FindHeldElsewhere(users.Select(user => user.Connection));
    }

    /// <summary>Gets a value indicating whether the wide receiver's process lives on.</summary>
    public bool IsAlive { get; }

    /// <summary>Gets a value indicating whether a user was found to be taken.</summary>
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
