using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Handles;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>
/// A set of objects that hold descriptors, to wait for with Wait-FileDescriptor. It uses epoll(7), so idle members do not slow down a
/// wait.
/// </summary>
/// <remarks>
/// Thread-safe. The set does not keep its members open. Remove a member before closing it. A member that has been closed is removed without
/// being reported, at the latest by the next wait in which nothing is ready.
/// </remarks>
public sealed class FileDescriptorSet : IDisposable
{
    private const int FirstCleaning = 64;

    private readonly DescriptorSet _set = new();
    private readonly Dictionary<object, SafeHandle> _members = new(new HolderComparer());
    private volatile bool _isDisposed;
    private int _nextCleaning = FirstCleaning;

    /// <summary>Gets the number of members. Closed members are counted until they are removed.</summary>
    public int Count
    {
        get
        {
            lock (_members)
            {
                return _members.Count;
            }
        }
    }

    /// <summary>Gets the members, in no particular order.</summary>
    public IReadOnlyList<object> Members
    {
        get
        {
            lock (_members)
            {
                return [.. _members.Keys];
            }
        }
    }

    /// <summary>Adds an object that holds a descriptor. The object is ready when it can be read.</summary>
    /// <inheritdoc cref="Add(object, DescriptorEvents)"/>
    public void Add(object descriptor) => Add(descriptor, DescriptorEvents.Readable);

    /// <summary>Adds an object that holds a descriptor.</summary>
    /// <param name="descriptor">The object: a FileDescriptor, a socket, a stream, a number and so on.</param>
    /// <param name="events">The events for which the object is ready: Readable, Writable or both.</param>
    /// <exception cref="ArgumentException">Thrown when the object does not hold a descriptor, or is a member already.</exception>
    /// <exception cref="SystemCallException">Thrown when a limit of the system has been reached (ENOSPC, ENOMEM).</exception>
    /// <exception cref="ObjectDisposedException">Thrown when the object or the set is closed.</exception>
    public void Add(object descriptor, DescriptorEvents events)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentNullException.ThrowIfNull(descriptor);
        SafeHandle handle = DescriptorSource.Find(descriptor)?.Handle
            ?? throw new ArgumentException(SR.Format(SR.HoldsNoDescriptor, Unwrap(descriptor).GetType()), nameof(descriptor));
        lock (_members)
        {
            if (_members.Count >= _nextCleaning)
            {
                RemoveClosed();
                _nextCleaning = Math.Max(FirstCleaning, _members.Count * 2);
            }

            object member = Unwrap(descriptor);
            if (_members.TryGetValue(member, out SafeHandle? former) && WaitLoop.IsClosed(former))
            {
                _set.Remove(former);
                _members.Remove(member);
            }

            _set.Add(handle, events, descriptor);
            _members.Add(member, handle);
        }
    }

    /// <summary>Changes the events for which a member is ready.</summary>
    /// <exception cref="ArgumentException">Thrown when the object is not a member.</exception>
    public void Change(object descriptor, DescriptorEvents events)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentNullException.ThrowIfNull(descriptor);
        lock (_members)
        {
            _set.Change(
                _members.TryGetValue(Unwrap(descriptor), out SafeHandle? handle)
                    ? handle
                    : throw new ArgumentException(SR.NotMember, nameof(descriptor)),
                events);
        }
    }

    /// <summary>Removes a member. Returns false when the object is not a member.</summary>
    public bool Remove(object descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        lock (_members)
        {
            return _members.Remove(Unwrap(descriptor), out SafeHandle? handle) && _set.Remove(handle);
        }
    }

    /// <summary>Returns whether an object is a member.</summary>
    public bool Contains(object descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        lock (_members)
        {
            return _members.ContainsKey(Unwrap(descriptor));
        }
    }

    /// <summary>Returns descriptions of some open members in the order of their numbers, and an ellipsis when there are more.</summary>
    internal IEnumerable<string> Describe(int most)
    {
        int[] numbers;
        lock (_members)
        {
            numbers = [.. _members.Values.Where(static handle => !WaitLoop.IsClosed(handle)).Select(static handle => (int)handle.DangerousGetHandle()).Order()];
        }

        foreach (int number in numbers.Take(most))
        {
            using var descriptor = new FileDescriptor(number, ownsHandle: false);
            yield return descriptor.ToString();
        }

        if (numbers.Length > most)
        {
            yield return "…";
        }
    }

    /// <summary>Closes the set. Its members stay open. A wait in progress on another thread ends with an error.</summary>
    public void Close() => Dispose();

    /// <inheritdoc cref="Close"/>
    public void Dispose()
    {
        _isDisposed = true;
        _set.Dispose();
    }

    /// <summary>Waits until a member is ready, and returns the ready members. Returns an empty list when the time is over.</summary>
    /// <param name="most">The maximum number of members to return.</param>
    /// <param name="timeout">The time to wait.</param>
    /// <param name="closed">The number of members that left the set because they were closed.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    internal List<object> Wait(int most, TimeSpan timeout, out int closed, CancellationToken cancellationToken)
    {
        closed = 0;
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var ready = new ReadyDescriptor[most];
        int count = _set.Wait(ready, timeout, cancellationToken);
        lock (_members)
        {
            if (count == 0)
            {
                closed = RemoveClosed();
            }

            return [.. ready.Take(count).Select(static one => one.State!).Where(member => _members.ContainsKey(Unwrap(member)))];
        }
    }

    private static object Unwrap(object value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private int RemoveClosed()
    {
        KeyValuePair<object, SafeHandle>[] closed = [.. _members.Where(static member => WaitLoop.IsClosed(member.Value))];
        foreach ((object member, SafeHandle handle) in closed)
        {
            _set.Remove(handle);
            _members.Remove(member);
        }

        return closed.Length;
    }

    // Numbers are compared by value, and other objects by reference.
    private sealed class HolderComparer : IEqualityComparer<object>
    {
        public new bool Equals(object? one, object? other) => ReferenceEquals(one, other) || (one is ValueType && one.Equals(other));

        public int GetHashCode(object value) => value is ValueType ? value.GetHashCode() : RuntimeHelpers.GetHashCode(value);
    }
}
