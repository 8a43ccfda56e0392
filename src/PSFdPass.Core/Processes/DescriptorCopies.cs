using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Interop;

namespace PSFdPass.Processes;

/// <summary>
/// Duplicates of the descriptors that a child will have. They are close-on-exec, and none of them has a number that a descriptor of
/// the child will have, so the child can move them to their final numbers in any order. If another thread closes a source
/// descriptor, the child is not affected.
/// </summary>
internal sealed class DescriptorCopies : IDisposable
{
    private readonly List<SafeDescriptorHandle> _handles = [];
    private readonly SortedDictionary<int, int> _numbers = [];

    /// <summary>Duplicates the descriptors.</summary>
    /// <param name="sources">The descriptors, keyed by their numbers in the child.</param>
    /// <exception cref="ObjectDisposedException">Thrown when a descriptor is closed.</exception>
    /// <exception cref="SystemCallException">
    /// Thrown when this process can't open any further descriptors (EMFILE), or a handle refers to a number that is not open (EBADF).
    /// </exception>
    public DescriptorCopies(IReadOnlyDictionary<int, SafeHandle> sources)
    {
        try
        {
            foreach ((int target, SafeHandle source) in sources)
            {
                _numbers[target] = Duplicate(source, sources);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Gets the number of each copy, keyed and ordered by its number in the child.</summary>
    public IReadOnlyDictionary<int, int> Numbers => _numbers;

    /// <summary>Closes the copies.</summary>
    public void Dispose() => _handles.ForEach(static handle => handle.Dispose());

    private int Duplicate(SafeHandle source, IReadOnlyDictionary<int, SafeHandle> targets)
    {
        // 0 to 2 stay free for the standard streams, even if this process has none.
        int minimum = 3;
        using var lease = new HandleLease(source);
        while (true)
        {
            int copy = Fcntl.Control(lease.Fd, Constants.Current.F_DUPFD_CLOEXEC, minimum);
            if (copy < 0)
            {
                // EINVAL means that the numbers in the child reach up to the limit of open files.
                int errno = Errno.Last == Errno.EINVAL ? Errno.EMFILE : Errno.Last;
                throw new SystemCallException("fcntl", errno, lease.Fd);
            }

            var handle = new SafeDescriptorHandle(copy, ownsHandle: true);
            if (!targets.ContainsKey(copy))
            {
                _handles.Add(handle);
                return copy;
            }

            handle.Dispose();
            minimum = copy + 1;
        }
    }
}
