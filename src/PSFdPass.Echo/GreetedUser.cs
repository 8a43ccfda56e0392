namespace PSFdPass.Echo;

/// <summary>A user whom the quarterback keeps until a wide receiver has received the connection.</summary>
internal sealed class GreetedUser(FileDescriptor connection, string name)
{
    /// <summary>The number of wide receivers that must have died with a user on the wire before that user is a suspect.</summary>
    private const int DeathsOfASuspect = 2;

    private int _greeted;
    private int _deaths;
    private int _deathsAlone;

    /// <summary>Gets the quarterback's copy of the connection.</summary>
    public FileDescriptor Connection => connection;

    /// <summary>Gets the user's address.</summary>
    public string Name => name;

    /// <summary>Gets the number of bytes of the greeting that have been written.</summary>
    public int Greeted => _greeted;

    /// <summary>
    /// Gets or sets a value indicating whether the user has waited for a wide receiver, and may have hung up in the meantime.
    /// </summary>
    public bool HasWaited { get; set; }

    /// <summary>
    /// Gets a value indicating whether this user may be the reason why wide receivers have died, and is therefore thrown last and alone.
    /// </summary>
    public bool IsSuspect => _deaths >= DeathsOfASuspect;

    /// <summary>
    /// Gets a value indicating whether two wide receivers have died while this user, already a suspect, was alone on the wire.
    /// </summary>
    public bool IsDeadly => _deathsAlone >= DeathsOfASuspect;

    /// <summary>
    /// Gets a value indicating whether the connection still exists: it has been neither reset nor closed from both sides.
    /// </summary>
    public bool IsConnected => SocketInfo.RemoteEndPointOf(connection.SafeHandle) is not null;

    /// <summary>Writes the greeting, or the rest of it. Returns false when the send buffer is full or the call fails temporarily.</summary>
    /// <exception cref="SystemCallException">Thrown when the user has disconnected: ECONNRESET, EPIPE and so on.</exception>
    public bool TryGreet()
    {
        ReadOnlySpan<byte> greeting = Greeting.FromQuarterback.AsSpan(_greeted);
        try
        {
            if (greeting.IsEmpty || (FileDescriptor.TryWrite(connection.SafeHandle, greeting, out int written) && Add(written)))
            {
                return true;
            }
        }
        catch (SystemCallException exception) when (SoftErrors.Contains(exception))
        {
        }

        return false;
    }

    /// <summary>Records that a wide receiver has died while this user was on the wire.</summary>
    public void RecordDeath(bool isAlone)
    {
        _deathsAlone += isAlone && IsSuspect ? 1 : 0;
        _deaths++;
    }

    private bool Add(int written)
    {
        _greeted += written;
        return _greeted == Greeting.FromQuarterback.Length;
    }
}
