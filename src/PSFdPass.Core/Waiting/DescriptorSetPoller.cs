namespace PSFdPass.Waiting;

/// <summary>
/// Represents the system call that a <see cref="DescriptorSet"/> waits with: <see cref="EpollPoller"/> or <see cref="PollPoller"/>.
/// </summary>
/// <remarks>Only <see cref="Wait"/> may run while another thread is in one of the other methods; those are called under one lock.</remarks>
internal abstract class DescriptorSetPoller : IDisposable
{
    /// <summary>
    /// Gets a value indicating whether a wait in progress does not notice a descriptor that another thread adds or changes.
    /// </summary>
    public abstract bool MustBeWokenForChanges { get; }

    /// <summary>Starts watching a descriptor. Returns false for a file that can't be watched because it is always ready.</summary>
    /// <exception cref="SystemCallException">
    /// Thrown when the system has reached a limit (ENOSPC, ENOMEM), or the descriptor is already watched (EEXIST).
    /// </exception>
    public abstract bool TryAdd(int fd, ulong token, short events);

    /// <summary>Changes the events that a descriptor is watched for.</summary>
    public abstract void Change(int fd, ulong token, short events);

    /// <summary>Stops watching a descriptor, which is still open.</summary>
    public abstract void Remove(int fd, ulong token);

    /// <summary>Stops watching a descriptor that was closed. Returns false when that requires a <see cref="Rebuild"/>.</summary>
    public abstract bool TryForget(ulong token);

    /// <summary>Discards all registrations, registers the given members, and returns those that are no longer open.</summary>
    public abstract List<DescriptorSetMember> Rebuild(IEnumerable<DescriptorSetMember> members);

    /// <summary>Waits, and returns how many descriptors are ready: 0 when the time has elapsed, or after a signal.</summary>
    /// <param name="ready">
    /// The buffer for the ready descriptors. Those that don't fit are returned by the next calls, before any descriptor is returned
    /// a second time.
    /// </param>
    /// <param name="milliseconds">The time to wait; -1 for no limit.</param>
    public abstract int Wait(Span<(ulong Token, short Events)> ready, int milliseconds);

    /// <inheritdoc/>
    public abstract void Dispose();
}
