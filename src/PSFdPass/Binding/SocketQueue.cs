using System.Diagnostics;
using System.Runtime.InteropServices;

namespace PSFdPass.Binding;

/// <summary>Waits for messages on several sockets, each with its own time limit.</summary>
internal sealed class SocketQueue : IDisposable
{
    private const int MostAtOnce = 64;

    // The interval at which the sockets are checked. This is needed because a socket that another runspace closes is not reported as ready.
    private static readonly TimeSpan CheckInterval = TimeSpan.FromMilliseconds(100);

    private readonly DescriptorSet _set = new();
    private readonly List<Member> _members = [];
    private readonly TimeSpan _timeout;

    /// <summary>Creates an empty queue.</summary>
    /// <param name="timeout">The time limit for each message of each socket.</param>
    public SocketQueue(TimeSpan timeout) => _timeout = timeout;

    /// <summary>Gets the number of sockets.</summary>
    public int Count => _members.Count;

    /// <summary>Adds a socket. A socket that is already in the queue is ignored.</summary>
    /// <exception cref="ObjectDisposedException">Thrown when the socket is closed.</exception>
    public void Add(object socket, SafeHandle handle)
    {
        int fd = (int)handle.DangerousGetHandle();
        if (!_members.Exists(member => (int)member.Handle.DangerousGetHandle() == fd))
        {
            var member = new Member(socket, handle);
            _set.Add(handle, DescriptorEvents.Readable, member);
            _members.Add(member);
        }
    }

    /// <summary>Removes a socket from the queue.</summary>
    public void Remove(Member member)
    {
        _members.Remove(member);
        _set.Remove(member.Handle);
    }

    /// <summary>Waits until a socket has a message, has been closed, or has reached its time limit.</summary>
    /// <param name="wait">False to return only sockets that are ready now.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>
    /// The sockets to receive from. Receiving from a socket that has reached its time limit throws a <see cref="TimeoutException"/>.
    /// </returns>
    public IReadOnlyList<Member> Take(bool wait, CancellationToken cancellationToken)
    {
        var ready = new ReadyDescriptor[MostAtOnce];
        while (_members.Count > 0)
        {
            int count = _set.Wait(ready, wait ? GetSlice() : TimeSpan.Zero, cancellationToken);
            List<Member> found = [.. ready.Take(count).Select(static one => one.State).OfType<Member>()];
            found.AddRange(_members.Where(member => !found.Contains(member) && (member.Handle.IsClosed || IsOver(member))));
            if (found.Count > 0 || !wait)
            {
                return found;
            }
        }

        return [];
    }

    /// <summary>Releases the queue. The sockets stay open.</summary>
    public void Dispose() => _set.Dispose();

    private bool IsOver(Member member) => _timeout != Timeout.InfiniteTimeSpan && member.Waited >= _timeout;

    private TimeSpan GetSlice()
    {
        TimeSpan slice = CheckInterval;
        foreach (Member member in _timeout == Timeout.InfiniteTimeSpan ? [] : _members)
        {
            TimeSpan left = _timeout - member.Waited;
            slice = left < TimeSpan.Zero ? TimeSpan.Zero : left < slice ? left : slice;
        }

        return slice;
    }

    /// <summary>A socket in the queue.</summary>
    /// <param name="Socket">The object that the user passed.</param>
    /// <param name="Handle">The socket's handle.</param>
    internal sealed record Member(object Socket, SafeHandle Handle)
    {
        private long _since = Stopwatch.GetTimestamp();

        /// <summary>Gets the time since the last message, or since the socket was added.</summary>
        public TimeSpan Waited => Stopwatch.GetElapsedTime(_since);

        /// <summary>Restarts the time limit for the next message.</summary>
        public void Restart() => _since = Stopwatch.GetTimestamp();
    }
}
