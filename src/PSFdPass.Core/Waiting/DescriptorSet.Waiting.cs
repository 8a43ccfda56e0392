using PSFdPass.Interop;
using PSFdPass.Waiting;

namespace PSFdPass;

// The part of the class that waits. It calls the poller until a member is ready, and adds regular files and directories, which are
// always ready.
public sealed partial class DescriptorSet
{
    private int WaitUntil(Span<ReadyDescriptor> ready, Deadline deadline, CancellationToken cancellationToken)
    {
        for (int look = 0; ; look++)
        {
            int left = deadline.PollMilliseconds;
            bool mayReturn = left == 0 || look >= LooksBeforeSleep;
            int count = WaitOnce(ready, mayReturn ? left : 0, out bool isWoken);
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (count > 0)
            {
                return count;
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (isWoken || (mayReturn && deadline.HasPassed))
            {
                return 0;
            }

            if (!mayReturn)
            {
                Thread.Yield();
            }
        }
    }

    private int WaitOnce(Span<ReadyDescriptor> ready, int milliseconds, out bool isWoken)
    {
        int files = Prepare(ready.Length);
        Span<(ulong Token, short Events)> polled = _found.AsSpan(0, Math.Min(_found.Length, ready.Length - files));
        int found = polled.IsEmpty ? 0 : _poller.Wait(polled, files > 0 ? 0 : milliseconds);
        isWoken = false;
        int count = 0;
        if (found == 0 && files == 0)
        {
            return 0;
        }

        lock (_gate)
        {
            bool hasFormer = false;
            foreach ((ulong token, short events) in polled[..found])
            {
                if (token == WakeToken)
                {
                    // Keep this order: in the reverse order, a wake between the two calls would be lost.
                    _wake.Reset();
                    isWoken = Interlocked.Exchange(ref _wakeRequested, 0) != 0;
                }
                else if (_members.Find(token) is { } member && !member.IsClosed && (events & Poll.POLLNVAL) == 0)
                {
                    ready[count++] = new ReadyDescriptor(member.Handle, (DescriptorEvents)events & Reported, member.State);
                }
                else
                {
                    hasFormer = true;
                    ForgetFormer(token);
                }
            }

            count = AddFiles(ready, count);

            // A single round with an event of a former member does not cause a rebuild, because another thread may have removed the
            // member after the wait.
            _roundsWithFormerMembers = hasFormer ? _roundsWithFormerMembers + 1 : 0;
            _mustRebuild |= _roundsWithFormerMembers > 1;
        }

        return count;
    }

    // Returns how many places of the buffer are reserved for files, which are always ready: at most half of the places. If there is
    // only one place, it is reserved for a file in every second wait.
    private int Prepare(int length)
    {
        lock (_gate)
        {
            RebuildIfNecessary();
            if (_poller.MustBeWokenForChanges)
            {
                // poll(2) polls numbers, even those that have been closed and reused.
                foreach (DescriptorSetMember member in _members.All.Where(static member => member.IsClosed).ToArray())
                {
                    Forget(member);
                }
            }

            int files = 0;
            foreach (DescriptorSetMember file in _alwaysReady)
            {
                files += ((DescriptorEvents)file.Events & Awaitable) != 0 ? 1 : 0;
            }

            _isFilesTurn = !_isFilesTurn;
            int half = (length + (_isFilesTurn ? 1 : 0)) / 2;
            return length == 1 && files > 0 && !_isFilesTurn ? 0 : Math.Min(files, half);
        }
    }

    private int AddFiles(Span<ReadyDescriptor> ready, int count)
    {
        for (int looked = 0, files = _alwaysReady.Count; looked < files && count < ready.Length; looked++)
        {
            _nextFile = _nextFile < _alwaysReady.Count ? _nextFile : 0;
            DescriptorSetMember file = _alwaysReady[_nextFile];
            if (file.IsClosed)
            {
                Forget(file);
                continue;
            }

            _nextFile++;
            DescriptorEvents events = (DescriptorEvents)file.Events & Awaitable;
            if (events != DescriptorEvents.None)
            {
                ready[count++] = new ReadyDescriptor(file.Handle, events, file.State);
            }
        }

        return count;
    }

    // Only the waiting thread requests a rebuild, so that thread is not in the kernel when another thread rebuilds.
    private void RebuildIfNecessary()
    {
        if (!_mustRebuild)
        {
            return;
        }

        var watched = _members.All.Where(static member => !member.IsAlwaysReady && !member.IsClosed).ToList();
        watched.Add(new DescriptorSetMember(null!, _wake.Fd, WakeToken, null) { Events = Poll.POLLIN });
        foreach (DescriptorSetMember closed in _poller.Rebuild(watched))
        {
            Forget(closed);
        }

        _mustRebuild = false;
        _roundsWithFormerMembers = 0;
    }

    private void BeginWait(int length)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_isWaiting)
            {
                throw new InvalidOperationException(SR.SetInUse);
            }

            _isWaiting = true;
            int most = Math.Min(length, MostAtOnce);
            if (_found.Length < most)
            {
                _found = new (ulong, short)[most];
            }
        }
    }

    private void EndWait()
    {
        lock (_gate)
        {
            _isWaiting = false;
            if (_isDisposed)
            {
                Release();
            }
        }
    }

    private void Release()
    {
        _poller.Dispose();
        _wake.Dispose();
    }
}
