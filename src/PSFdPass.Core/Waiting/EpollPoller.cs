using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Waiting;

/// <summary>Waits with epoll(7). The cost of a wait does not depend on how many members are idle.</summary>
internal unsafe class EpollPoller : DescriptorSetPoller
{
    private SafeDescriptorHandle _epoll = Create();
    private byte[] _buffer = [];

    /// <inheritdoc/>
    public override bool MustBeWokenForChanges => false;

    private int Fd => (int)_epoll.DangerousGetHandle();

    /// <inheritdoc/>
    public override bool TryAdd(int fd, ulong token, short events)
    {
        if (SysEpoll.Control(Fd, SysEpoll.EPOLL_CTL_ADD, fd, token, events) == 0)
        {
            return true;
        }

        // EPERM: the file has no poll operation. poll(2) reports such files as ready.
        return Errno.Last == Errno.EPERM ? false : throw Failed(fd);
    }

    /// <inheritdoc/>
    public override void Change(int fd, ulong token, short events)
    {
        if (SysEpoll.Control(Fd, SysEpoll.EPOLL_CTL_MOD, fd, token, events) < 0)
        {
            throw Failed(fd);
        }
    }

    /// <inheritdoc/>
    public override void Remove(int fd, ulong token) => _ = SysEpoll.Control(Fd, SysEpoll.EPOLL_CTL_DEL, fd, 0, 0);

    /// <inheritdoc/>
    /// <remarks>
    /// epoll removes a registration by itself only when the last descriptor of the open file description is closed. If another
    /// descriptor or process still has it open, the registration stays. It can't be removed explicitly, because that requires the
    /// number, which has been closed.
    /// </remarks>
    public override bool TryForget(ulong token) => false;

    /// <inheritdoc/>
    public override List<DescriptorSetMember> Rebuild(IEnumerable<DescriptorSetMember> members)
    {
        // The old instance is closed first, which frees a number for the new one even when the descriptor table is full.
        _epoll.Dispose();
        _epoll = Create();
        var closed = new List<DescriptorSetMember>();
        foreach (DescriptorSetMember member in members)
        {
            if (SysEpoll.Control(Fd, SysEpoll.EPOLL_CTL_ADD, member.Fd, member.Token, member.Events) < 0)
            {
                int errno = Errno.Last;
                if (errno != Errno.EBADF && errno != Errno.EPERM && errno != Errno.EEXIST)
                {
                    throw new SystemCallException("epoll_ctl", errno, member.Fd);
                }

                closed.Add(member);
            }
        }

        return closed;
    }

    /// <inheritdoc/>
    public override int Wait(Span<(ulong Token, short Events)> ready, int milliseconds)
    {
        if (_buffer.Length < ready.Length * SysEpoll.EventSize)
        {
            _buffer = new byte[ready.Length * SysEpoll.EventSize];
        }

        int count;
        fixed (byte* events = _buffer)
        {
            count = SysEpoll.Wait(Fd, events, ready.Length, milliseconds);
        }

        if (count < 0 && Errno.Last != Errno.EINTR)
        {
            throw SystemCallException.FromLast("epoll_wait");
        }

        for (int i = 0; i < count; i++)
        {
            ready[i] = SysEpoll.Read(_buffer.AsSpan(i * SysEpoll.EventSize, SysEpoll.EventSize));
        }

        return Math.Max(count, 0);
    }

    /// <inheritdoc/>
    public override void Dispose() => _epoll.Dispose();

    private static SafeDescriptorHandle Create()
    {
        int epoll = SysEpoll.Create(SysEpoll.EPOLL_CLOEXEC);
        return epoll >= 0 ? new SafeDescriptorHandle(epoll, ownsHandle: true) : throw SystemCallException.FromLast("epoll_create1");
    }

    private static SystemCallException Failed(int fd) => SystemCallException.FromLast("epoll_ctl", fd);
}
