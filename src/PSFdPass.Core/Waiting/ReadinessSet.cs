using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Waiting;

/// <summary>
/// Waits, in the calling thread, until any of many descriptors is ready: epoll(7) on Linux, whose cost does not grow with those
/// that are silent, and poll(2) elsewhere. For one thread.
/// </summary>
internal abstract class ReadinessSet : IDisposable
{
    // To be put to sleep and to be woken again takes longer than it takes for the next event to come, when many come.
    private const int LooksBeforeSleep = 10;

    private readonly Dictionary<int, short> _awaited = [];

    /// <summary>Makes an empty set.</summary>
    /// <exception cref="SystemCallException">EMFILE: there is no descriptor left.</exception>
    public static ReadinessSet Create() => OperatingSystem.IsLinux() ? new EpollSet() : new PollSet();

    /// <summary>Begins to watch a descriptor for POLLIN, POLLOUT or neither; errors and hang-ups are always told.</summary>
    /// <exception cref="SystemCallException">ENOSPC, ENOMEM: the system watches as many as it may.</exception>
    public void Add(int descriptor, short events)
    {
        Begin(descriptor, events);
        _awaited.Add(descriptor, events);
    }

    /// <summary>Watches for something else; costs nothing if it is the same.</summary>
    /// <exception cref="ArgumentException">The descriptor is not watched.</exception>
    public void Change(int descriptor, short events)
    {
        ref short awaited = ref CollectionsMarshal.GetValueRefOrNullRef(_awaited, descriptor);
        if (Unsafe.IsNullRef(ref awaited))
        {
            throw NotWatched(descriptor);
        }

        if (awaited != events)
        {
            Alter(descriptor, events);
            awaited = events;
        }
    }

    /// <summary>Ends to watch a descriptor. Has to come before its close: others may hold the same description.</summary>
    /// <exception cref="ArgumentException">The descriptor is not watched.</exception>
    public void Remove(int descriptor)
    {
        if (!_awaited.Remove(descriptor))
        {
            throw NotWatched(descriptor);
        }

        End(descriptor);
    }

    /// <summary>Waits, and returns how many descriptors are ready; none after the time is over, or after a signal.</summary>
    /// <param name="ready">
    /// Where they go, with what they are ready for. Those that have no room come with the next wait, before any that came with this.
    /// </param>
    /// <param name="deadline">How long to wait.</param>
    public int Wait(Span<(int Descriptor, short Events)> ready, Deadline deadline)
    {
        int milliseconds = deadline.PollMilliseconds;
        for (int look = 0; look < LooksBeforeSleep && milliseconds != 0; look++)
        {
            int count = Wait(ready, 0);
            if (count > 0)
            {
                return count;
            }

            Thread.Yield();
        }

        return Wait(ready, milliseconds);
    }

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }

    private protected abstract void Begin(int descriptor, short events);

    private protected abstract void Alter(int descriptor, short events);

    private protected abstract void End(int descriptor);

    private protected abstract int Wait(Span<(int Descriptor, short Events)> ready, int milliseconds);

    private static ArgumentException NotWatched(int descriptor) => new($"Descriptor {descriptor} is not watched.", nameof(descriptor));

    private static int Counted(int result, string call) =>
        result >= 0 ? result
        : Errno.Last == Errno.EINTR ? 0
        : throw SystemCallException.FromLast(call);

    /// <summary>epoll(7).</summary>
    internal unsafe class EpollSet : ReadinessSet
    {
        private readonly SafeDescriptorHandle _epoll;
        private byte[] _events = [];

        public EpollSet()
        {
            int epoll = SysEpoll.Create(SysEpoll.EPOLL_CLOEXEC);
            _epoll = epoll >= 0 ? new SafeDescriptorHandle(epoll, ownsHandle: true) : throw SystemCallException.FromLast("epoll_create1");
        }

        private int Fd => (int)_epoll.DangerousGetHandle();

        public override void Dispose() => _epoll.Dispose();

        private protected override void Begin(int descriptor, short events) => Control(SysEpoll.EPOLL_CTL_ADD, descriptor, events);

        private protected override void Alter(int descriptor, short events) => Control(SysEpoll.EPOLL_CTL_MOD, descriptor, events);

        // It fails only for one that somebody has closed by its number, and that is watched no more.
        private protected override void End(int descriptor) => _ = SysEpoll.Control(Fd, SysEpoll.EPOLL_CTL_DEL, descriptor, 0);

        private protected override int Wait(Span<(int Descriptor, short Events)> ready, int milliseconds)
        {
            if (_events.Length < ready.Length * SysEpoll.EventSize)
            {
                _events = new byte[ready.Length * SysEpoll.EventSize];
            }

            int count;
            fixed (byte* events = _events)
            {
                count = Counted(SysEpoll.Wait(Fd, events, ready.Length, milliseconds), "epoll_wait");
            }

            for (int i = 0; i < count; i++)
            {
                ready[i] = SysEpoll.Read(_events.AsSpan(i * SysEpoll.EventSize, SysEpoll.EventSize));
            }

            return count;
        }

        private void Control(int operation, int descriptor, short events)
        {
            if (SysEpoll.Control(Fd, operation, descriptor, events) < 0)
            {
                throw SystemCallException.FromLast("epoll_ctl", $"descriptor {descriptor}");
            }
        }
    }

    /// <summary>poll(2), for systems without epoll(7).</summary>
    internal sealed unsafe class PollSet : ReadinessSet
    {
        private readonly List<Poll.PollFd> _watched = [];
        private int _first;

        private protected override void Begin(int descriptor, short events) =>
            _watched.Add(new Poll.PollFd { fd = descriptor, events = events });

        private protected override void Alter(int descriptor, short events) =>
            _watched[IndexOf(descriptor)] = new Poll.PollFd { fd = descriptor, events = events };

        private protected override void End(int descriptor)
        {
            _watched[IndexOf(descriptor)] = _watched[^1];
            _watched.RemoveAt(_watched.Count - 1);
        }

        private protected override int Wait(Span<(int Descriptor, short Events)> ready, int milliseconds)
        {
            Span<Poll.PollFd> watched = CollectionsMarshal.AsSpan(_watched);
            int count;
            fixed (Poll.PollFd* first = watched)
            {
                count = Counted(Poll.Wait(first, (nuint)watched.Length, milliseconds), "poll");
            }

            // Goes on behind those that were told last, as epoll does: otherwise the first would be told each time.
            int found = 0;
            int at = _first < watched.Length ? _first : 0;
            for (int looked = 0; looked < watched.Length && found < Math.Min(count, ready.Length); looked++)
            {
                if (watched[at].revents != 0)
                {
                    ready[found++] = (watched[at].fd, watched[at].revents);
                }

                at = at + 1 < watched.Length ? at + 1 : 0;
            }

            _first = at;
            return found;
        }

        private int IndexOf(int descriptor) => _watched.FindIndex(one => one.fd == descriptor);
    }
}
