using PSFdPass.Handles;

namespace PSFdPass.Echo;

/// <summary>
/// The users whom a quarterback has greeted, in the order in which they came: first those who were thrown and may still be on
/// their way, then those who wait for it. Our copy of a connection is kept until the wide receiver has taken up its own: if that
/// dies before, the next one gets it.
/// </summary>
internal sealed class GreetedUsers(Action<string> log) : IDisposable
{
    private readonly Queue<User> _thrown = new();
    private Queue<User> _waiting = new();

    /// <summary>How many were thrown, and are not known to be taken.</summary>
    public int Thrown => _thrown.Count;

    /// <summary>How many wait to be thrown.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>The one whose turn is next; only while one is waiting.</summary>
    public SafeDescriptorHandle Next => _waiting.Peek().Connection;

    /// <summary>Adds one to those who wait, and owns the connection.</summary>
    public void Add(SafeDescriptorHandle connection, string name) => _waiting.Enqueue(new User(connection, name));

    /// <summary>The next one was thrown.</summary>
    public void Throw() => _thrown.Enqueue(_waiting.Dequeue());

    /// <summary>The wide receiver has taken so many: closes our copies.</summary>
    public void CloseTaken(int count) => Close(_thrown, count);

    /// <summary>The wide receiver has gone, and has not taken those who are left: they wait for the next one.</summary>
    public void TakeBack()
    {
        foreach (User user in _waiting)
        {
            _thrown.Enqueue(user);
        }

        _waiting = new Queue<User>(_thrown);
        _thrown.Clear();
    }

    /// <summary>Closes the connections of all.</summary>
    public void Dispose()
    {
        Close(_thrown, _thrown.Count);
        Close(_waiting, _waiting.Count);
    }

    private void Close(Queue<User> users, int count)
    {
        for (; count > 0; count--)
        {
            User user = users.Dequeue();
            log($"Closing connection from ({user.Name})");
            user.Connection.Dispose();
        }
    }

    private readonly record struct User(SafeDescriptorHandle Connection, string Name);
}
