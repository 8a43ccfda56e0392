using PSFdPass.Interop;

namespace PSFdPass.Waiting;

/// <summary>Waits with poll(2), on systems without epoll(7). The cost of a wait grows with the number of members.</summary>
internal sealed unsafe class PollPoller : DescriptorSetPoller
{
    private readonly object _gate = new();
    private readonly Dictionary<ulong, int> _places = [];
    private readonly List<(Poll.PollFd Entry, ulong Token)> _watched = [];
    private Poll.PollFd[] _entries = [];
    private ulong[] _tokens = [];
    private int _first;

    /// <inheritdoc/>
    public override bool MustBeWokenForChanges => true;

    /// <inheritdoc/>
    public override bool TryAdd(int fd, ulong token, short events)
    {
        lock (_gate)
        {
            _places.Add(token, _watched.Count);
            _watched.Add((new Poll.PollFd { fd = fd, events = events }, token));
        }

        return true;
    }

    /// <inheritdoc/>
    public override void Change(int fd, ulong token, short events)
    {
        lock (_gate)
        {
            _watched[_places[token]] = (new Poll.PollFd { fd = fd, events = events }, token);
        }
    }

    /// <inheritdoc/>
    public override void Remove(int fd, ulong token) => TryForget(token);

    /// <inheritdoc/>
    public override bool TryForget(ulong token)
    {
        lock (_gate)
        {
            if (_places.Remove(token, out int place))
            {
                if (place < _watched.Count - 1)
                {
                    _watched[place] = _watched[^1];
                    _places[_watched[place].Token] = place;
                }

                _watched.RemoveAt(_watched.Count - 1);
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override List<DescriptorSetMember> Rebuild(IEnumerable<DescriptorSetMember> members) => [];

    /// <inheritdoc/>
    public override int Wait(Span<(ulong Token, short Events)> ready, int milliseconds)
    {
        int watched = Copy();
        int count;
        fixed (Poll.PollFd* first = _entries)
        {
            count = Poll.Wait(first, (nuint)watched, milliseconds);
        }

        if (count < 0 && Errno.Last != Errno.EINTR)
        {
            throw SystemCallException.FromLast("poll");
        }

        // Continue after the descriptors that were returned last, as epoll does. Otherwise, the first ones would be returned each
        // time.
        int found = 0;
        int at = _first < watched ? _first : 0;
        for (int looked = 0; looked < watched && found < Math.Min(count, ready.Length); looked++)
        {
            if (_entries[at].revents != 0)
            {
                ready[found++] = (_tokens[at], _entries[at].revents);
            }

            at = at + 1 < watched ? at + 1 : 0;
        }

        _first = at;
        return found;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
    }

    private int Copy()
    {
        lock (_gate)
        {
            if (_entries.Length < _watched.Count)
            {
                _entries = new Poll.PollFd[_watched.Count * 2];
                _tokens = new ulong[_watched.Count * 2];
            }

            for (int i = 0; i < _watched.Count; i++)
            {
                (_entries[i], _tokens[i]) = _watched[i];
            }

            return _watched.Count;
        }
    }
}
