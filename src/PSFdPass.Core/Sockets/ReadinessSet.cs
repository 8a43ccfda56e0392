using System.Runtime.InteropServices;
using PSFdPass.Descriptors;
using PSFdPass.Interop;

namespace PSFdPass.Sockets;

/// <summary>
/// Waits, in the calling thread, until any of many descriptors is ready: epoll(7) on Linux, whose cost does not grow with those
/// that are silent, and poll(2) elsewhere. For one thread.
/// </summary>
internal abstract class ReadinessSet : IDisposable
{
    /// <summary>Makes an empty set.</summary>
    /// <exception cref="SystemCallException">EMFILE: there is no descriptor left.</exception>
    public static ReadinessSet Create() => OperatingSystem.IsLinux() ? new EpollSet() : new PollSet();

    /// <summary>Begins to watch a descriptor for POLLIN or POLLOUT; errors and hang-ups are always told.</summary>
    /// <exception cref="SystemCallException">ENOSPC, ENOMEM: the system watches as many as it may.</exception>
    public abstract void Add(int descriptor, short events);

    /// <summary>Watches for something else.</summary>
    public abstract void Change(int descriptor, short events);

    /// <summary>Ends to watch a descriptor. Has to come before its close: others may hold the same description.</summary>
    public abstract void Remove(int descriptor);

    /// <summary>Waits, and returns how many descriptors are ready; none after the time is over, or after a signal.</summary>
    /// <param name="ready">Where they go, with what they are ready for. Those that have no room come with the next wait.</param>
    /// <param name="timeoutMilliseconds">How long; −1 for ever.</param>
    public abstract int Wait(Span<(int Descriptor, short Events)> ready, int timeoutMilliseconds);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }

    private sealed unsafe class EpollSet : ReadinessSet
    {
        private readonly SafeDescriptorHandle _epoll;
        private byte[] _events = [];

        public EpollSet()
        {
            int epoll = SysEpoll.Create(SysEpoll.EPOLL_CLOEXEC);
            _epoll = epoll >= 0 ? new SafeDescriptorHandle(epoll, ownsHandle: true) : throw SystemCallException.FromLast("epoll_create1");
        }

        private int Fd => (int)_epoll.DangerousGetHandle();

        public override void Add(int descriptor, short events) => Control(SysEpoll.EPOLL_CTL_ADD, descriptor, events);

        public override void Change(int descriptor, short events) => Control(SysEpoll.EPOLL_CTL_MOD, descriptor, events);

        public override void Remove(int descriptor) => Control(SysEpoll.EPOLL_CTL_DEL, descriptor, 0);

        public override int Wait(Span<(int Descriptor, short Events)> ready, int timeoutMilliseconds)
        {
            if (_events.Length < ready.Length * SysEpoll.EventSize)
            {
                _events = new byte[ready.Length * SysEpoll.EventSize];
            }

            int count;
            fixed (byte* events = _events)
            {
                count = SysEpoll.Wait(Fd, events, ready.Length, timeoutMilliseconds);
            }

            if (count < 0)
            {
                return Errno.Last == Errno.EINTR ? 0 : throw SystemCallException.FromLast("epoll_wait");
            }

            for (int i = 0; i < count; i++)
            {
                ready[i] = SysEpoll.Read(_events.AsSpan(i * SysEpoll.EventSize));
            }

            return count;
        }

        public override void Dispose() => _epoll.Dispose();

        private void Control(int operation, int descriptor, short events)
        {
            if (SysEpoll.Control(Fd, operation, descriptor, events) < 0)
            {
                throw SystemCallException.FromLast("epoll_ctl", $"descriptor {descriptor}");
            }
        }
    }

    private sealed unsafe class PollSet : ReadinessSet
    {
        private readonly List<Poll.PollFd> _watched = [];

        public override void Add(int descriptor, short events) => _watched.Add(new Poll.PollFd { fd = descriptor, events = events });

        public override void Change(int descriptor, short events) => _watched[IndexOf(descriptor)] = new Poll.PollFd { fd = descriptor, events = events };

        public override void Remove(int descriptor)
        {
            _watched[IndexOf(descriptor)] = _watched[^1];
            _watched.RemoveAt(_watched.Count - 1);
        }

        public override int Wait(Span<(int Descriptor, short Events)> ready, int timeoutMilliseconds)
        {
            Span<Poll.PollFd> watched = CollectionsMarshal.AsSpan(_watched);
            int count;
            fixed (Poll.PollFd* first = watched)
            {
                count = Poll.Wait(first, (nuint)watched.Length, timeoutMilliseconds);
            }

            if (count < 0)
            {
                return Errno.Last == Errno.EINTR ? 0 : throw SystemCallException.FromLast("poll");
            }

            int found = 0;
            for (int i = 0; i < watched.Length && found < Math.Min(count, ready.Length); i++)
            {
                if (watched[i].revents != 0)
                {
                    ready[found++] = (watched[i].fd, watched[i].revents);
                }
            }

            return found;
        }

        private int IndexOf(int descriptor) => _watched.FindIndex(one => one.fd == descriptor);
    }
}
