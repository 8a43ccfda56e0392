using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>
/// Represents a set of descriptors that a thread waits for. It uses epoll(7) on Linux, where idle members do not make a wait
/// slower, and poll(2) on other systems.
/// </summary>
/// <remarks>
/// <para>
/// Readiness is level-triggered: a member is reported by every wait for as long as it is ready. Regular files and directories are
/// always ready, as in poll(2).
/// </para>
/// <para>
/// Thread-safe, except that only one thread at a time may be in <see cref="Wait"/>. When another thread adds, changes or removes a
/// member, the change takes effect during the wait in progress. However, a removed member may still be among those that this wait
/// returns.
/// </para>
/// <para>
/// The set does not keep its members open. Remove a member before it is closed. A member that was closed without being removed is
/// no longer reported, even if its number is reused. The set removes it some time later.
/// </para>
/// </remarks>
public sealed partial class DescriptorSet : IDisposable
{
    private const ulong WakeToken = 0;
    private const DescriptorEvents Awaitable = DescriptorEvents.Readable | DescriptorEvents.Writable;
    private const DescriptorEvents Reported = Awaitable | DescriptorEvents.Error | DescriptorEvents.HangUp;
    private const int MostAtOnce = 1024;

    // The number of polls without sleeping. While many events arrive, the next one arrives before a sleeping thread can wake up.
    private const int LooksBeforeSleep = 10;

    private readonly object _gate = new();
    private readonly DescriptorSetMembers _members = new();
    private readonly List<DescriptorSetMember> _alwaysReady = [];
    private readonly DescriptorSetPoller _poller;
    private readonly WakeDescriptor _wake;
    private (ulong Token, short Events)[] _found = [];
    private int _wakeRequested;
    private int _roundsWithFormerMembers;
    private int _nextFile;
    private bool _isFilesTurn;
    private bool _mustRebuild;
    private bool _isWaiting;
    private volatile bool _isDisposed;

    /// <summary>Initializes a new, empty set.</summary>
    /// <exception cref="SystemCallException">
    /// Thrown when not enough descriptors are left (EMFILE, ENFILE). The set needs two.
    /// </exception>
    public DescriptorSet()
        : this(OperatingSystem.IsLinux() ? new EpollPoller() : new PollPoller())
    {
    }

    internal DescriptorSet(DescriptorSetPoller poller)
    {
        _poller = poller;
        try
        {
            _wake = new WakeDescriptor();
            _poller.TryAdd(_wake.Fd, WakeToken, Poll.POLLIN);
        }
        catch
        {
            _wake?.Dispose();
            poller.Dispose();
            throw;
        }
    }

    /// <summary>Gets the number of members.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _members.Count;
            }
        }
    }

    /// <summary>Adds a descriptor.</summary>
    /// <param name="descriptor">The descriptor, which the caller keeps open and removes before closing it.</param>
    /// <param name="events">
    /// <see cref="DescriptorEvents.Readable"/>, <see cref="DescriptorEvents.Writable"/>, both or none. Errors and hang-ups are always
    /// reported.
    /// </param>
    /// <param name="state">An object that is returned with the descriptor each time it is ready.</param>
    /// <exception cref="ArgumentException">Thrown when the descriptor is already a member.</exception>
    /// <exception cref="SystemCallException">
    /// Thrown when the user has reached the limit fs.epoll.max_user_watches (ENOSPC), memory is low (ENOMEM), or the descriptor is
    /// not open (EBADF). The set is unchanged.
    /// </exception>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor is closed, or the set has been disposed.</exception>
    public void Add(SafeHandle descriptor, DescriptorEvents events, object? state = null)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        Check(events);
        using var lease = new HandleLease(descriptor);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            RebuildIfNecessary();
            if (_members.Find(lease.Fd) is { IsClosed: true } former)
            {
                Forget(former);
            }

            if (_members.Find(descriptor) is not null || (_members.Find(lease.Fd) is not null && _poller is PollPoller))
            {
                throw AlreadyMember(lease.Fd);
            }

            DescriptorSetMember member = _members.Create(descriptor, lease.Fd, (short)events, state);
            try
            {
                member.IsAlwaysReady = !_poller.TryAdd(lease.Fd, member.Token, (short)events);
            }
            catch (SystemCallException exception)
            {
                _members.Discard(member);
                if (exception.Errno == Errno.EEXIST)
                {
                    throw AlreadyMember(lease.Fd);
                }

                throw;
            }

            if (_members.Find(lease.Fd) is { } replaced)
            {
                // The kernel accepted the number, so it refers to another file now. The former member's descriptor was closed by its
                // number, not through its handle.
                Forget(replaced);
            }

            _members.Add(member);
            if (member.IsAlwaysReady)
            {
                _alwaysReady.Add(member);
            }

            Changed(member);
        }
    }

    /// <summary>Changes the events for which a member is ready.</summary>
    /// <param name="descriptor">The member to change.</param>
    /// <param name="events">The events, as for <see cref="Add"/>.</param>
    /// <exception cref="ArgumentException">Thrown when the descriptor is not a member.</exception>
    /// <exception cref="SystemCallException">Thrown when memory is low (ENOMEM). The set is unchanged.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the descriptor is closed, or the set has been disposed.</exception>
    public void Change(SafeHandle descriptor, DescriptorEvents events)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        Check(events);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            DescriptorSetMember member = _members.Find(descriptor)
                ?? throw new ArgumentException(SR.SetMemberNotFound, nameof(descriptor));
            if (member.Events == (short)events)
            {
                return;
            }

            using var lease = new HandleLease(descriptor);
            RebuildIfNecessary();
            if (!member.IsAlwaysReady)
            {
                _poller.Change(member.Fd, member.Token, (short)events);
            }

            member.Events = (short)events;
            Changed(member);
        }
    }

    /// <summary>Removes a descriptor.</summary>
    /// <param name="descriptor">The member to remove. It may already be closed.</param>
    /// <returns>False when the descriptor is not a member.</returns>
    public bool Remove(SafeHandle descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        lock (_gate)
        {
            if (_isDisposed || _members.Find(descriptor) is not { } member)
            {
                return false;
            }

            Remove(member);
            return true;
        }
    }

    /// <summary>Waits until a member is ready.</summary>
    /// <param name="ready">
    /// The buffer for the members that are ready. Those that don't fit are returned by the next waits, before any member is
    /// returned a second time.
    /// </param>
    /// <param name="timeout">The time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>The number of members that are ready; 0 when the timeout has elapsed, or after <see cref="Wake"/>.</returns>
    /// <exception cref="ArgumentException">Thrown when the buffer is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the wait was canceled.</exception>
    /// <exception cref="InvalidOperationException">Thrown when another thread is waiting on this set.</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the set was disposed, before or during the wait.</exception>
    /// <exception cref="SystemCallException">
    /// Thrown when memory is low (ENOMEM), or when the set had to be rebuilt and there was no free descriptor for that (EMFILE,
    /// ENFILE). A set is rebuilt when a member has been closed while its file is still open elsewhere. The next wait tries again.
    /// </exception>
    public int Wait(Span<ReadyDescriptor> ready, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (ready.IsEmpty)
        {
            throw new ArgumentException(SR.SetBufferEmpty, nameof(ready));
        }

        Deadline deadline = Deadline.After(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        BeginWait(ready.Length);
        try
        {
            using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
                static state => ((DescriptorSet)state!)._wake.Signal(), this);
            return WaitUntil(ready, deadline, cancellationToken);
        }
        finally
        {
            EndWait();
        }
    }

    /// <summary>
    /// Ends the wait in progress or, if no thread is waiting, the next wait. Does nothing if the set has been disposed.
    /// </summary>
    public void Wake()
    {
        Volatile.Write(ref _wakeRequested, 1);
        _wake.Signal();
    }

    /// <summary>
    /// Releases the set. A wait in progress ends with <see cref="ObjectDisposedException"/>. The members stay open.
    /// </summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            if (_isWaiting)
            {
                _wake.Signal();
            }
            else
            {
                Release();
            }
        }
    }

    private static void Check(DescriptorEvents events)
    {
        if ((events & ~Reported) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(events), events, SR.SetEventsUnknown);
        }
    }

    private static ArgumentException AlreadyMember(int fd) => new(SR.Format(SR.SetMemberExists, fd), "descriptor");

    private void Remove(DescriptorSetMember member)
    {
        if (member.IsAlwaysReady || member.IsClosed || _mustRebuild)
        {
            Forget(member);
            return;
        }

        try
        {
            using var lease = new HandleLease(member.Handle);
            _poller.Remove(member.Fd, member.Token);
            _members.Remove(member);
            Changed(member);
        }
        catch (ObjectDisposedException)
        {
            Forget(member);
        }
    }

    // Removes a member whose number may refer to another file. If the former file is still registered, its events will show that.
    private void Forget(DescriptorSetMember member)
    {
        _poller.TryForget(member.Token);
        _members.Remove(member);
        if (member.IsAlwaysReady)
        {
            _alwaysReady.Remove(member);
        }
    }

    private void ForgetFormer(ulong token)
    {
        if (_members.Find(token) is { } member)
        {
            Forget(member);
        }
        else
        {
            _poller.TryForget(token);
        }
    }

    private void Changed(DescriptorSetMember member)
    {
        if (_isWaiting && (member.IsAlwaysReady || _poller.MustBeWokenForChanges))
        {
            _wake.Signal();
        }
    }
}
