using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Waiting;

/// <summary>
/// Performs the waits of one operation on the calling thread, with poll(2) on a descriptor and, after a short time, also on a wake
/// descriptor.
/// </summary>
internal unsafe struct ThreadWait : IDisposable
{
    // Most waits are shorter than this. Creating and closing a wake descriptor would take longer than such a wait.
    private const int WithoutWakeMilliseconds = 20;

    private readonly SafeHandle? _handle;
    private readonly CancellationToken _cancellationToken;
    private WakeDescriptor? _wake;
    private CancellationTokenRegistration _registration;
    private bool _isPrepared;
    private int _interruptions;

    public ThreadWait(SafeHandle? handle, CancellationToken cancellationToken)
    {
        _handle = handle;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Waits until the descriptor is ready, the wait is canceled, the handle is closed or the time has elapsed.</summary>
    /// <param name="events">The poll(2) events; 0 to pause without polling the descriptor.</param>
    /// <param name="milliseconds">The time to wait, in milliseconds.</param>
    /// <returns>
    /// True when the descriptor is ready, or when poll(2) reports an error on it. The next attempt then reports that error.
    /// </returns>
    /// <exception cref="SystemCallException">Thrown when poll(2) fails: ENOMEM.</exception>
    public bool For(short events, int milliseconds)
    {
        if (!_isPrepared)
        {
            int first = Math.Min(milliseconds, WithoutWakeMilliseconds);
            bool isReady = Poll(events, first, wake: -1, out bool wasInterrupted);
            if (isReady || wasInterrupted || first == milliseconds)
            {
                return isReady;
            }

            Prepare();
            milliseconds -= first;
        }

        return Poll(events, milliseconds, _wake?.Fd ?? -1, out _);
    }

    /// <summary>Closes the wake descriptor.</summary>
    public void Dispose()
    {
        if (_wake is not null)
        {
            _registration.Dispose();
            if (_handle is SafeDescriptorHandle descriptor)
            {
                descriptor.Released -= _wake.Signal;
            }

            _wake.Dispose();
        }
    }

    // If no wake descriptor can be created, cancellation and disposal are noticed only when the time to wait has elapsed.
    private void Prepare()
    {
        _isPrepared = true;
        if (!_cancellationToken.CanBeCanceled && _handle is not SafeDescriptorHandle)
        {
            return;
        }

        _wake = WakeDescriptor.TryCreate();
        if (_wake is null)
        {
            return;
        }

        if (_handle is SafeDescriptorHandle descriptor)
        {
            descriptor.Released += _wake.Signal;
            if (!descriptor.IsUsable)
            {
                _wake.Signal();
            }
        }

        _registration = _cancellationToken.UnsafeRegister(static state => ((WakeDescriptor)state!).Signal(), _wake);
    }

    private bool Poll(short events, int milliseconds, int wake, out bool isInterrupted)
    {
        isInterrupted = false;
        Interop.Poll.PollFd* descriptors = stackalloc Interop.Poll.PollFd[2];
        descriptors[0] = new Interop.Poll.PollFd { fd = events == 0 || _handle is null ? -1 : (int)_handle.DangerousGetHandle(), events = events };
        descriptors[1] = new Interop.Poll.PollFd { fd = wake, events = Interop.Poll.POLLIN };
        if (Interop.Poll.Wait(descriptors, 2, milliseconds) >= 0)
        {
            _interruptions = 0;
            return descriptors[0].revents != 0;
        }

        isInterrupted = Errno.Last == Errno.EINTR ? true : throw SystemCallException.FromLast("poll");
        if (++_interruptions > Pacing.MaxInterruptions)
        {
            Thread.Sleep(1);
        }

        return false;
    }
}
