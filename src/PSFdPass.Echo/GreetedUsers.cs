namespace PSFdPass.Echo;

/// <summary>
/// The users whom a quarterback keeps: those on the wire, in the order in which they were thrown, and those who wait to be thrown. The
/// quarterback's copy of a connection is kept until it is known that the wide receiver has its own.
/// </summary>
internal sealed class GreetedUsers(Action<string> log, Disposer disposer) : IDisposable
{
    private readonly Queue<GreetedUser> _thrown = new();
    private readonly Queue<GreetedUser> _suspects = new();
    private Queue<GreetedUser> _waiting = new();

    /// <summary>Gets the number of users who have been thrown, but are not yet known to have been received.</summary>
    public int Thrown => _thrown.Count;

    /// <summary>Gets the number of users who wait to be thrown.</summary>
    public int Waiting => _waiting.Count + _suspects.Count;

    /// <summary>Gets the users who have been thrown, but are not yet known to have been received.</summary>
    public IReadOnlyCollection<GreetedUser> OnTheWire => _thrown;

    /// <summary>Gets a value indicating whether the user on the wire is a suspect. A suspect must be alone on the wire.</summary>
    public bool IsSuspectThrown => _thrown.TryPeek(out GreetedUser? user) && user.IsSuspect;

    /// <summary>Returns the next user to throw. Suspects come last, and only when nobody else is on the wire.</summary>
    public bool TryPeek([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out GreetedUser? user) =>
        _waiting.TryPeek(out user) || (_thrown.Count == 0 && _suspects.TryPeek(out user));

    /// <summary>Adds a user to those who wait to be thrown.</summary>
    public void Add(GreetedUser user) => _waiting.Enqueue(user);

    /// <summary>Records that the next user has been thrown.</summary>
    public void Throw() => _thrown.Enqueue(Dequeue());

    /// <summary>Closes the connection of the next user.</summary>
    public void Drop(UserEnd reason) => Close(Dequeue(), reason);

    /// <summary>
    /// Closes the quarterback's copies of all connections that were on the wire, because the wide receiver has received them.
    /// </summary>
    public void CloseTaken()
    {
        while (_thrown.TryDequeue(out GreetedUser? user))
        {
            Close(user, UserEnd.Closed);
        }
    }

    /// <summary>Removes every user from the wire, and either keeps the user for the next wide receiver or closes the connection.</summary>
    /// <param name="judge">Returns null to keep a user; otherwise, the reason for closing the connection.</param>
    public void TakeBack(Func<GreetedUser, UserEnd?> judge)
    {
        var kept = new Queue<GreetedUser>();
        while (_thrown.TryDequeue(out GreetedUser? user))
        {
            if (judge(user) is { } reason)
            {
                Close(user, reason);
            }
            else
            {
                (user.IsSuspect ? _suspects : kept).Enqueue(user);
            }
        }

        foreach (GreetedUser user in _waiting)
        {
            kept.Enqueue(user);
        }

        foreach (GreetedUser user in kept.Concat(_suspects))
        {
            user.HasWaited = true;
        }

        _waiting = kept;
    }

    /// <summary>Closes the connections of all users.</summary>
    public void Dispose()
    {
        foreach (Queue<GreetedUser> users in (Queue<GreetedUser>[])[_thrown, _waiting, _suspects])
        {
            while (users.TryDequeue(out GreetedUser? user))
            {
                Close(user, UserEnd.Closed);
            }
        }
    }

    private GreetedUser Dequeue() => (_waiting.Count > 0 ? _waiting : _suspects).Dequeue();

    private void Close(GreetedUser user, UserEnd reason)
    {
        log(SR.Format(
            reason switch { UserEnd.Gone => SR.ConnectionClosedGone, UserEnd.Fatal => SR.ConnectionClosedFatal, _ => SR.ConnectionClosed },
            user.Name));
        disposer.Close(user.Connection);
    }
}
