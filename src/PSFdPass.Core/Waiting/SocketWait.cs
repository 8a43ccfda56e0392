using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Waiting;

/// <summary>Waits, in the calling thread, until a descriptor is ready: poll(2) on it and on a wake descriptor.</summary>
/// <remarks>
/// Nothing here looks at O_NONBLOCK or at <c>Socket.Blocking</c>: the flag belongs to the open file description, which other
/// processes share and change.
/// </remarks>
internal static unsafe class SocketWait
{
    private static readonly TimeSpan ShortWait = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns true when the descriptor is ready (or broken: the next call will tell), false when the time is over.</summary>
    /// <param name="fd">The descriptor; the caller keeps it open.</param>
    /// <param name="events">POLLIN or POLLOUT.</param>
    /// <param name="deadline">How long to wait.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="SystemCallException">poll(2) failed, or the descriptor is not open.</exception>
    public static bool Until(int fd, short events, Deadline deadline, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!cancellation.CanBeCanceled)
        {
            return Until(fd, events, deadline, wake: null, cancellation);
        }

        // Most waits are short, and nobody notices that these can't be ended early: to make a wake descriptor, and to close it
        // again, would cost more than they do.
        Deadline shortly = Deadline.Min(deadline, Deadline.After(ShortWait));
        if (Until(fd, events, shortly, wake: null, cancellation))
        {
            return true;
        }

        if (deadline.HasPassed)
        {
            return false;
        }

        using var wake = new WakeDescriptor();
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(
            static state => ((WakeDescriptor)state!).Signal(), wake);
        return Until(fd, events, deadline, wake, cancellation);
    }

    /// <summary>Whether there is something to receive or to accept, or the next call will tell what is wrong. Does not wait.</summary>
    public static bool IsReadable(SafeHandle handle)
    {
        using var lease = new HandleLease(handle);
        var descriptor = new Poll.PollFd { fd = lease.Fd, events = Poll.POLLIN };
        return Poll.Wait(&descriptor, 1, 0) > 0;
    }

    /// <summary>Whether the other end is closed. Does not wait.</summary>
    public static bool HasHungUp(int fd)
    {
        var descriptor = new Poll.PollFd { fd = fd, events = Poll.POLLIN };
        _ = Poll.Wait(&descriptor, 1, 0);
        return (descriptor.revents & (Poll.POLLHUP | Poll.POLLERR)) != 0;
    }

    private static bool Until(int fd, short events, Deadline deadline, WakeDescriptor? wake, CancellationToken cancellation)
    {
        Poll.PollFd* descriptors = stackalloc Poll.PollFd[2];
        descriptors[0] = new Poll.PollFd { fd = fd, events = events };
        descriptors[1] = new Poll.PollFd { fd = wake?.Fd ?? -1, events = Poll.POLLIN };
        while (true)
        {
            int ready = Poll.Wait(descriptors, 2, deadline.PollMilliseconds);
            int errno = Errno.Last;
            cancellation.ThrowIfCancellationRequested();
            if (ready > 0)
            {
                return (descriptors[0].revents & Poll.POLLNVAL) == 0 ? true : throw new SystemCallException("poll", Errno.EBADF);
            }

            if (ready < 0 && errno != Errno.EINTR)
            {
                throw new SystemCallException("poll", errno);
            }

            if (deadline.HasPassed)
            {
                return false;
            }
        }
    }
}
